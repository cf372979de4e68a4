//! The meaning of a request without a response.

use super::{Failure, Kind};
use crate::guard::Refused;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_secretsmanager::{
    config::http::HttpResponse, error::SdkError, operation::get_secret_value::GetSecretValueError,
};
use std::error::Error;

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
        CredentialsError::CredentialsNotLoaded(_) => no_credentials(),
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

/// The failure for missing credentials.
pub(crate) fn no_credentials() -> Failure {
    Failure::of_credentials(
        Kind::Misconfigured,
        "there are no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or run with a role",
    )
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// Joins the messages of a chain of errors, without repetitions.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for said in causes(error).skip(1).map(ToString::to_string) {
        if !text.contains(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
    }
    text
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
