//! A change to an optional member: absent, `null` and a value are distinct.

use crate::{
    Error, FromUntrusted,
    tokens::unless_blank,
    trust::{Grant, GrantCollector, GrantProof, Verify, VerifyCollector, VerifyProof},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

/// One member of a PATCH request (RFC 7396): absent, `null`, or a value.
///
/// An `Option` cannot distinguish absent from `null`, so a user's deletion would be lost. Put
/// `#[serde(default)]` on the member; without it an absent member is an error. In a form or a query a blank
/// token is `Clear`.
///
/// ```
/// use lunadefend_core::{Patch, UntrustedToken};
///
/// # #[derive(serde::Deserialize)]
/// struct Change {
///     #[serde(default)]
///     ssn: Patch<UntrustedToken>,
/// }
/// let read = |json| serde_json::from_str::<Change>(json).unwrap().ssn;
/// assert!(matches!(read("{}"), Patch::Keep));
/// assert!(matches!(read(r#"{"ssn":null}"#), Patch::Clear));
/// let new = r#"{"ssn":"lunasec-0a1b2c3d-1111-4222-8333-444455556666"}"#;
/// assert!(matches!(read(new), Patch::Set(_)));
/// ```
///
/// In a type with `#[derive(Tokens)]`, write `Patch<VerifiedToken>` with `#[token]` and `#[serde(default)]`;
/// the derive requires both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// The member is absent: keep the stored value.
    #[default]
    Keep,
    /// The member is `null`: remove the stored value.
    Clear,
    /// The member has a value: replace the stored value.
    Set(T),
}

impl<T> Patch<T> {
    /// Returns whether the member is absent: for `#[serde(skip_serializing_if = "Patch::is_keep")]`.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Applies the change to the stored value.
    ///
    /// ```
    /// # use lunadefend_core::Patch;
    /// let mut stored = Some("old");
    /// Patch::Keep.apply_to(&mut stored);
    /// assert_eq!(stored, Some("old"));
    /// Patch::Set("new").apply_to(&mut stored);
    /// assert_eq!(stored, Some("new"));
    /// Patch::Clear.apply_to(&mut stored);
    /// assert_eq!(stored, None);
    /// ```
    pub fn apply_to(self, stored: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *stored = None,
            Self::Set(value) => *stored = Some(value),
        }
    }

    fn try_map<U, E>(self, change: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(change(value)?),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Wrapped in another type, so that serde does not read a missing member as `null`.
        #[derive(Deserialize)]
        #[serde(rename = "Patch")]
        struct Nullable<T>(Option<T>);

        let read = unless_blank(Nullable::deserialize(deserializer))?;
        Ok(read
            .and_then(|Nullable(value)| value)
            .map_or(Self::Clear, Self::Set))
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep => Err(ser::Error::custom(
                "`Patch::Keep` is the absence of a member: write `#[serde(skip_serializing_if = \"Patch::is_keep\")]` on it",
            )),
            Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

impl<T: FromUntrusted> FromUntrusted for Patch<T> {
    type Wire = Patch<T::Wire>;
}

macro_rules! step {
    ($trait:ident, $out:ident, $collector:ty, $proof:ty) => {
        impl<T: $trait> $trait for Patch<T> {
            type $out = Patch<T::$out>;

            fn collect(&self, tokens: &mut $collector) {
                if let Self::Set(value) = self {
                    value.collect(tokens);
                }
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                self.try_map(|value| value.upgrade(proof))
            }
        }
    };
}
step!(Verify, Verified, VerifyCollector, VerifyProof);
step!(Grant, Granted, GrantCollector, GrantProof);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UntrustedToken;

    #[derive(Debug, Deserialize)]
    struct WithoutDefault {
        #[expect(dead_code, reason = "is only read")]
        ssn: Patch<UntrustedToken>,
    }

    #[test]
    fn an_absent_member_without_a_default_is_an_error_and_never_a_deletion() {
        for error in [
            serde_json::from_str::<WithoutDefault>("{}")
                .unwrap_err()
                .to_string(),
            serde_json::from_value::<WithoutDefault>(serde_json::json!({}))
                .unwrap_err()
                .to_string(),
            serde_html_form::from_str::<WithoutDefault>("")
                .unwrap_err()
                .to_string(),
        ] {
            assert!(error.starts_with("missing field `ssn`"), "{error}");
        }
    }

    #[test]
    fn what_is_kept_is_not_written() {
        #[derive(Serialize)]
        struct Change {
            #[serde(skip_serializing_if = "Patch::is_keep")]
            name: Patch<u8>,
        }
        let text = |name| serde_json::to_string(&Change { name }).unwrap();
        assert_eq!(text(Patch::Keep), "{}");
        assert_eq!(text(Patch::Clear), r#"{"name":null}"#);
        assert_eq!(text(Patch::Set(1)), r#"{"name":1}"#);
        assert!(serde_json::to_string(&Patch::<u8>::Keep).is_err());
    }
}
