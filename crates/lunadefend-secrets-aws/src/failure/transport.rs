//! The meaning of a request without a response.

use super::{Failure, Kind};
use aws_sdk_secretsmanager::{
    config::http::HttpResponse, error::SdkError, operation::get_secret_value::GetSecretValueError,
};
use lunadefend_aws::{AccessError, CredentialsError, Refused, chain, find};

/// The failure for a request that was not sent, or got no response.
pub(super) fn not_sent(error: &SdkError<GetSecretValueError, HttpResponse>) -> Failure {
    if let Some(refused) = find::<Refused>(error) {
        return Failure::misconfigured(refused.to_string());
    }
    if let Some(error) = find::<CredentialsError>(error) {
        return without_credentials(error);
    }
    match error {
        SdkError::DispatchFailure(context) if context.is_timeout() => {
            Failure::unavailable("it did not answer in time").because(chain(error))
        }
        SdkError::DispatchFailure(context) if context.is_io() => {
            Failure::unavailable("it cannot be reached").because(chain(error))
        }
        _ => Failure::unavailable("it cannot be asked").because(chain(error)),
    }
}

fn without_credentials(error: &CredentialsError) -> Failure {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Failure::no_credentials(),
        CredentialsError::ProviderTimedOut(_) => Failure::of_credentials(
            Kind::Unavailable,
            "no AWS credentials in time: what gives them out does not answer",
        ),
        CredentialsError::InvalidConfiguration(_) => Failure::of_credentials(
            Kind::Misconfigured,
            "the AWS credentials are not configured rightly",
        )
        .because(chain(error)),
        _ => Failure::of_credentials(
            Kind::Unavailable,
            "no AWS credentials: what gives them out has failed",
        )
        .because(chain(error)),
    }
}

impl Failure {
    /// The failure for missing credentials.
    pub(crate) fn no_credentials() -> Self {
        Self::of_credentials(Kind::Misconfigured, AccessError::NoCredentials.to_string())
    }
}
