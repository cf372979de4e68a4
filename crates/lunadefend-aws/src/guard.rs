//! The last check of a request before it leaves, and the first of its response.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{
                BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
            },
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use http_body_util::Limited;
use url::{Host, Url};

/// Stops requests that would travel unprotected, and limits the size of each response.
///
/// It checks the request itself because the endpoint has several sources: a setting, the environment, a
/// profile, or the application's own configuration.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Whether `http://` to another machine is permitted.
    pub allow_cleartext: bool,
    /// Whether there are root certificates, which https needs.
    pub has_roots: bool,
    /// The longest response that is read, in bytes.
    pub max_answer: usize,
}

/// Why a request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// `http://` to another machine.
    #[error(
        "its endpoint starts with http:// and is not on this machine; use https://, or allow cleartext"
    )]
    Cleartext,
    /// No root certificates.
    #[error(
        "this machine has no root certificates, which https needs; install them (Debian: ca-certificates), or name their file in SSL_CERT_FILE"
    )]
    NoRoots,
}

impl Guard {
    /// Judges the URL of a request.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(self, url: &Url) -> Result<(), Refused> {
        let cleartext = url.scheme() != "https";
        if cleartext && !self.allow_cleartext && !is_loopback(url) {
            return Err(Refused::Cleartext);
        }
        if !cleartext && !self.has_roots {
            return Err(Refused::NoRoots);
        }
        Ok(())
    }
}

impl Intercept for Guard {
    fn name(&self) -> &'static str {
        "Guard"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        Ok(self.check(&Url::parse(context.request().uri())?)?)
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response_mut();
        let unbounded = answer.take_body();
        *answer.body_mut() = SdkBody::from_body_1_x(Limited::new(unbounded, self.max_answer));
        Ok(())
    }
}

/// Returns whether a host is the machine itself.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_travels_unprotected() {
        let guard = Guard {
            allow_cleartext: false,
            has_roots: true,
            max_answer: 0,
        };
        for (url, verdict) in [
            ("https://secretsmanager.us-east-1.amazonaws.com/", Ok(())),
            ("http://127.0.0.1:5000/", Ok(())),
            ("http://127.8.9.1/", Ok(())),
            ("http://[::1]:5000/", Ok(())),
            ("http://localhost:4566/", Ok(())),
            ("http://aws.localhost/", Ok(())),
            ("http://localstack:4566/", Err(Refused::Cleartext)),
            ("http://10.0.0.1/", Err(Refused::Cleartext)),
            ("http://127.0.0.1.example.com/", Err(Refused::Cleartext)),
            ("http://notlocalhost/", Err(Refused::Cleartext)),
            ("ftp://example.com/", Err(Refused::Cleartext)),
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(guard.check(&url), verdict, "{url}");
            let allowing = Guard {
                allow_cleartext: true,
                ..guard
            };
            assert_eq!(allowing.check(&url), Ok(()), "{url}");
            let rootless = Guard {
                has_roots: false,
                ..guard
            };
            let expected = if url.scheme() == "https" {
                Err(Refused::NoRoots)
            } else {
                verdict
            };
            assert_eq!(rootless.check(&url), expected, "{url}");
        }
    }
}
