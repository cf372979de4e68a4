//! Why a secret could not be fetched, and what to do about it.
//!
//! Only texts of the SDK's errors are kept: their `Debug` prints whole responses.

mod answer;
mod transport;

use aws_sdk_secretsmanager::{
    config::http::HttpResponse, error::SdkError, operation::get_secret_value::GetSecretValueError,
};
use lunadefend_aws::printable;
use lunadefend_core::provider::SecretError;
use std::borrow::Cow;

/// Why a version of a secret could not be fetched.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    advice: Cow<'static, str>,
    cause: Option<Cause>,
    concerns: Concerns,
}

/// The variant of [`SecretError`] for the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    NotFound,
    Misconfigured,
    Unavailable,
}

/// The extent of the failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concerns {
    /// The requested stage has no version.
    Absence,
    /// The version at that stage; other versions may be usable.
    Version,
    /// The credentials: the next lookup may find others.
    Credentials,
    /// Every request.
    Everything,
}

/// The failure of AWS, or of the connection to it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

impl Failure {
    /// A failure that other versions of the same secret may not have.
    pub(crate) fn of_version(advice: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Misconfigured, Concerns::Version, advice)
    }

    pub(crate) fn misconfigured(advice: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Misconfigured, Concerns::Everything, advice)
    }

    pub(crate) fn unavailable(advice: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Unavailable, Concerns::Everything, advice)
    }

    fn of_credentials(kind: Kind, advice: impl Into<Cow<'static, str>>) -> Self {
        Self::new(kind, Concerns::Credentials, advice)
    }

    fn new(kind: Kind, concerns: Concerns, advice: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            advice: advice.into(),
            cause: None,
            concerns,
        }
    }

    /// Adds the peer's message. It appears only in the cause, never as LunaDefend's own advice.
    fn because(mut self, cause: impl AsRef<str>) -> Self {
        self.cause = Some(Cause(printable(cause.as_ref())));
        self
    }

    pub(crate) fn of_request(error: &SdkError<GetSecretValueError, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(context) => {
                answer::refused(context.err(), context.raw().status().as_u16())
            }
            SdkError::ResponseError(context) => {
                answer::not_understood(context.raw().status().as_u16())
            }
            SdkError::TimeoutError(_) => Self::unavailable("it did not answer in time"),
            other => transport::not_sent(other),
        }
    }

    pub(crate) fn concerns(&self) -> Concerns {
        self.concerns
    }

    pub(crate) fn advice(&self) -> &str {
        &self.advice
    }

    pub(crate) fn into_error(self, origin: String) -> SecretError {
        let Self {
            kind,
            advice,
            cause,
            ..
        } = self;
        let origin = origin.into();
        match kind {
            Kind::NotFound => SecretError::NotFound { origin, advice },
            Kind::Misconfigured => SecretError::Misconfigured {
                origin,
                advice,
                source: cause.map(Into::into),
            },
            // This variant has no place for advice but its cause.
            Kind::Unavailable => {
                let text = match cause {
                    Some(Cause(cause)) => format!("{advice}: {cause}"),
                    None => advice.into_owned(),
                };
                SecretError::Unavailable {
                    origin,
                    source: Some(Cause(text).into()),
                }
            }
        }
    }
}
