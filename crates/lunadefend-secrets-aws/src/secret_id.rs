//! The id of a secret.

use lunadefend_aws::is_region;
use std::{fmt, str::FromStr};

/// The name of a secret, or its ARN, which also has its region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretId {
    text: String,
    region: Option<String>,
}

/// Why the name or ARN of a secret is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretIdError {
    #[error("its name is empty: write the name or the ARN of the secret")]
    Empty,
    #[error("its name is longer than 512 characters, or has blanks or control characters in it")]
    Characters,
    #[error(
        "its ARN is not one of a secret: it must look like arn:aws:secretsmanager:us-east-1:123456789012:secret:name-AbCdEf"
    )]
    Arn,
}

impl SecretId {
    /// The names that AWS accepts.
    const MAX_LEN: usize = 512;

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the region in the ARN.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for SecretId {
    type Err = SecretIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(SecretIdError::Empty);
        }
        let region = if text.starts_with("arn:") {
            Some(region_of(text).ok_or(SecretIdError::Arn)?.to_owned())
        } else {
            None
        };
        let name_length = text.rsplit(':').next().unwrap_or_default().len();
        if name_length > Self::MAX_LEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretIdError::Characters);
        }
        Ok(Self {
            text: text.to_owned(),
            region,
        })
    }
}

/// Returns the region of `arn:<partition>:secretsmanager:<region>:<account>:secret:<name>`.
fn region_of(arn: &str) -> Option<&str> {
    let parts: Vec<_> = arn.split(':').collect();
    match parts[..] {
        [
            "arn",
            partition,
            "secretsmanager",
            region,
            account,
            "secret",
            name,
        ] if partition.starts_with("aws")
            && is_region(partition)
            && is_region(region)
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && !name.is_empty() =>
        {
            Some(region)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_and_arns() {
        for (text, region) in [
            ("signing-key", None),
            ("prod/app/signing_key+v=1.2@x", None),
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/key-AbCdEf",
                Some("us-east-1"),
            ),
            (
                "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:k",
                Some("us-gov-west-1"),
            ),
            (
                "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:k",
                Some("cn-north-1"),
            ),
        ] {
            let id: SecretId = text.parse().unwrap();
            assert_eq!(id.as_str(), text);
            assert_eq!(id.region(), region, "{text}");
        }
    }

    #[test]
    fn mistakes() {
        let long = "x".repeat(513);
        for (text, error) in [
            ("", SecretIdError::Empty),
            (" key", SecretIdError::Characters),
            ("key\n", SecretIdError::Characters),
            ("k\u{e9}y", SecretIdError::Characters),
            (&long, SecretIdError::Characters),
            ("arn:", SecretIdError::Arn),
            ("arn:aws:s3:::bucket", SecretIdError::Arn),
            (
                "arn:aws:secretsmanager::123456789012:secret:k",
                SecretIdError::Arn,
            ),
            (
                "arn:aws:secretsmanager:evil.example.com/:123456789012:secret:k",
                SecretIdError::Arn,
            ),
            (
                "arn:aws:secretsmanager:us-east-1:12345678901:secret:k",
                SecretIdError::Arn,
            ),
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:",
                SecretIdError::Arn,
            ),
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:key:k",
                SecretIdError::Arn,
            ),
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:k:field",
                SecretIdError::Arn,
            ),
        ] {
            assert_eq!(text.parse::<SecretId>(), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_kept_or_refused(text: String) {
            if let Ok(id) = text.parse::<SecretId>() {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert_eq!(id.region().is_some(), text.starts_with("arn:"));
            }
        }
    }
}
