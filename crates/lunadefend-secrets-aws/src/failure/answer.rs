//! The meaning of AWS's error responses.

use super::{Concerns, Failure, Kind};
use aws_sdk_secretsmanager::{
    error::ProvideErrorMetadata as _, operation::get_secret_value::GetSecretValueError,
};

/// The failure for an error response.
pub(super) fn refused(error: &GetSecretValueError, status: u16) -> Failure {
    let Some(code) = error.code() else {
        return not_understood(status);
    };
    let message = error.message().unwrap_or_default();
    meaning(code, message, status).because(format!("AWS answered {status} {code}: {message}"))
}

/// A response that does not come from Secrets Manager. Its text is not repeated.
pub(super) fn not_understood(status: u16) -> Failure {
    Failure::unavailable(format!(
        "what answered (with status {status}) is not AWS Secrets Manager: look at the endpoint and at what is in between"
    ))
}

/// The codes are from the API reference of Secrets Manager and the errors common to all AWS services. Where
/// one code has several meanings, the message tells them apart.
fn meaning(code: &str, message: &str, status: u16) -> Failure {
    match code {
        // "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
        "ResourceNotFoundException" if message.contains("secret value") => Failure::new(
            Kind::Misconfigured,
            Concerns::Absence,
            "it has no value yet; put one into it",
        ),
        "ResourceNotFoundException" => Failure::new(
            Kind::NotFound,
            Concerns::Absence,
            "look at its name or ARN, the region and the account, or create it",
        ),
        // "Access to KMS is not allowed"
        "AccessDeniedException" | "AccessDenied"
            if message.contains("Access to KMS") || message.contains("kms:Decrypt") =>
        {
            Failure::of_version(
                "decrypting it is not allowed; allow kms:Decrypt on its KMS key to these credentials",
            )
        }
        "AccessDeniedException" | "AccessDenied" => Failure::of_version(
            "reading it is not allowed; allow secretsmanager:GetSecretValue on it to these credentials",
        ),
        "DecryptionFailure" | "DecryptionFailureException" => Failure::of_version(
            "AWS cannot decrypt it; its KMS key may be disabled, scheduled for deletion or gone",
        ),
        // "... because it was marked for deletion"
        "InvalidRequestException" if message.contains("delet") => Failure::misconfigured(
            "it is scheduled for deletion; restore it, or configure another secret",
        ),
        "InvalidRequestException" => {
            Failure::misconfigured("it is in a state in which AWS does not give it out")
        }
        "InvalidParameterException" | "ValidationException" => {
            Failure::misconfigured("AWS does not accept its name or ARN")
        }
        "ExpiredToken" | "ExpiredTokenException" => Failure::of_credentials(
            Kind::Misconfigured,
            "the AWS credentials have expired; renew them",
        ),
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "OptInRequired" => Failure::of_credentials(
            Kind::Misconfigured,
            "AWS does not know the access key or session token, or the region is not enabled for the account",
        ),
        "RequestExpired" | "RequestTimeTooSkewed" | "RequestInTheFuture" => wrong_clock(),
        // "Signature expired: 20261123T.. is now earlier than ..", "Signature not yet current: .."
        "InvalidSignatureException" | "SignatureDoesNotMatch"
            if message.contains("Signature expired") || message.contains("not yet current") =>
        {
            wrong_clock()
        }
        "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Failure::of_credentials(
            Kind::Misconfigured,
            "AWS does not accept the signature; look at the secret access key",
        ),
        code if is_throttling(code) || status == 429 => {
            Failure::unavailable("AWS throttles the requests of this account; ask less often")
        }
        _ if status >= 500 => Failure::unavailable("AWS has a failure of its own"),
        _ => Failure::misconfigured("AWS refuses to give it out"),
    }
}

fn wrong_clock() -> Failure {
    Failure::misconfigured("the clock of this machine is wrong; set it")
}

fn is_throttling(code: &str) -> bool {
    code.contains("Throttl")
        || [
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "PriorRequestNotComplete",
            "SlowDown",
        ]
        .contains(&code)
}
