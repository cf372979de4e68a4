//! Each response of AWS without a secret is its own error, which says what to do.

use crate::{
    fake::{Asked, Fake, no_such_stage, refusal, version},
    texts::{CANARY, told},
};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lunadefend_core::provider::{SecretError, SecretProvider};
use lunadefend_crypto::SigningKey;
use std::{collections::HashSet, time::Duration};

const NOT_FOUND: &str = "no secret at";
const NOT_USABLE: &str = "is not usable:";
const NOT_AVAILABLE: &str = "is not available now:";

/// Code, message, status, and how what is told begins and goes on.
const REFUSALS: &[(u16, &str, &str, &str, &str)] = &[
    (
        400,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
        NOT_FOUND,
        "look at its name or ARN, the region and the account, or create it",
    ),
    (
        400,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        NOT_USABLE,
        "it has no value yet",
    ),
    (
        400,
        "AccessDeniedException",
        "User: arn:aws:iam::123456789012:user/app is not authorized to perform: secretsmanager:GetSecretValue on resource: signing-key because no identity-based policy allows the secretsmanager:GetSecretValue action",
        NOT_USABLE,
        "allow secretsmanager:GetSecretValue on it",
    ),
    (
        400,
        "AccessDeniedException",
        "Access to KMS is not allowed",
        NOT_USABLE,
        "allow kms:Decrypt on its KMS key",
    ),
    (
        400,
        "DecryptionFailure",
        "Secrets Manager can't decrypt the secret value: KMS key is disabled",
        NOT_USABLE,
        "its KMS key may be disabled",
    ),
    (
        400,
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
        NOT_USABLE,
        "it is scheduled for deletion",
    ),
    (
        400,
        "InvalidRequestException",
        "You can't perform this operation on the secret now.",
        NOT_USABLE,
        "it is in a state in which",
    ),
    (
        400,
        "ValidationException",
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        NOT_USABLE,
        "AWS does not accept its name or ARN",
    ),
    (
        400,
        "ExpiredTokenException",
        "The security token included in the request is expired",
        NOT_USABLE,
        "the AWS credentials have expired",
    ),
    (
        400,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
        NOT_USABLE,
        "AWS does not know the access key",
    ),
    (
        400,
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
        NOT_USABLE,
        "look at the secret access key",
    ),
    (
        400,
        "InvalidSignatureException",
        "Signature expired: 20261123T000000Z is now earlier than 20261123T005500Z (20261123T010000Z - 5 min.)",
        NOT_USABLE,
        "the clock of this machine is wrong",
    ),
    (
        400,
        "ThrottlingException",
        "Rate exceeded",
        NOT_AVAILABLE,
        "AWS throttles the requests",
    ),
    (
        500,
        "InternalServiceError",
        "An error occurred on the server side.",
        NOT_AVAILABLE,
        "AWS has a failure of its own",
    ),
    (
        418,
        "SomethingNewException",
        "Something that came later.",
        NOT_USABLE,
        "AWS refuses to give it out",
    ),
];

async fn error_of(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> SecretError {
    let fake = Fake::start(answer).await;
    fake.secret().build().unwrap().fetch().await.unwrap_err()
}

#[tokio::test]
async fn refusals() {
    let mut texts = HashSet::new();
    for &(status, code, message, start, advice) in REFUSALS {
        let error = error_of(move |_| refusal(status, code, message)).await;
        // Only a missing secret lets a chain go on.
        let kind = match error {
            SecretError::NotFound { .. } => NOT_FOUND,
            SecretError::Misconfigured { .. } => NOT_USABLE,
            _ => NOT_AVAILABLE,
        };
        assert_eq!(kind, start, "{error:?}");
        let text = told(&error);
        assert!(
            text.contains("AWS Secrets Manager secret signing-key in us-east-1"),
            "{text}"
        );
        assert!(text.contains(start) && text.contains(advice), "{text}");
        // AWS's message is in the log, unless it adds nothing.
        if start != NOT_FOUND {
            assert!(text.contains(code) && text.contains(message), "{text}");
        }
        assert!(texts.insert(advice), "not a text of its own: {text}");
    }
}

#[tokio::test]
async fn what_is_not_secrets_manager_is_not_repeated() {
    for (status, body) in [
        (200, "{\"SecretString\":\"canary\""),
        (200, "<html>canary</html>"),
        (200, "{\"SecretString\":\"canary\"}"),
        (200, "[\"canary\"]"),
        (200, "{\"VersionId\":\"1\",\"SecretString\":{\"canary\":1}}"),
        (200, ""),
        (302, "canary"),
        (404, "<html>canary</html>"),
        (502, "canary"),
        (403, "{\"canary\":\"canary\"}"),
    ] {
        let error = error_of(move |_| {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [("location", "http://127.0.0.1:9/canary")], body).into_response()
        })
        .await;
        assert!(
            matches!(error, SecretError::Unavailable { .. }),
            "{error:?}"
        );
        let text = told(&error);
        assert!(text.contains("not AWS Secrets Manager"), "{body}: {text}");
    }
}

#[tokio::test]
async fn an_answer_is_bounded() {
    // 64 KiB of what JSON makes six bytes of each.
    let largest = "\u{1}".repeat(64 * 1024);
    let fake = Fake::start(move |asked| match asked.stage.as_str() {
        "AWSCURRENT" => version("1", &[], &largest),
        _ => no_such_stage(),
    })
    .await;
    let secret = fake.secret().build().unwrap();
    let value = secret.fetch().await.unwrap().current.value;
    assert_eq!(value.expose_secret().len(), 64 * 1024);

    fake.now_answer(|_| version("1", &[], &CANARY.repeat(100_000)));
    let error = secret.fetch().await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }));
    assert!(told(&error).contains("not AWS Secrets Manager"));
}

#[tokio::test]
async fn what_aws_says_is_cut_to_one_line() {
    let message = format!("first\r\nsecond\u{7}{}", " word".repeat(1000));
    let error = error_of(move |_| refusal(400, "AccessDeniedException", &message)).await;
    let text = told(&error);
    assert!(
        text.contains("AccessDeniedException: first second word"),
        "{text}"
    );
    assert!(
        text.len() < 600 && !text.contains(char::is_control),
        "{text}"
    );
}

#[tokio::test]
async fn a_version_without_a_value() {
    let error = error_of(|_| {
        axum::Json(serde_json::json!({ "VersionId": "1", "VersionStages": ["AWSCURRENT"] }))
            .into_response()
    })
    .await;
    assert!(matches!(error, SecretError::Misconfigured { .. }));
    assert!(told(&error).contains("neither SecretString nor SecretBinary"));
}

#[tokio::test]
async fn retries_help_against_what_passes() {
    let fake = Fake::with_value(CANARY).await;
    let secret = fake.secret().build().unwrap();
    let failed = std::sync::atomic::AtomicBool::new(false);
    fake.now_answer(move |asked| match asked.stage.as_str() {
        "AWSCURRENT" if !failed.swap(true, std::sync::atomic::Ordering::Relaxed) => {
            refusal(500, "InternalServiceError", "")
        }
        "AWSCURRENT" => version("1", &["AWSCURRENT"], CANARY),
        _ => no_such_stage(),
    });
    let versions = secret.fetch().await.unwrap();
    assert_eq!(versions.current.value.expose_secret(), CANARY.as_bytes());
}

#[tokio::test]
async fn nobody_there() {
    // Bound, so that no other process gets the port, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let fake = Fake::with_value(CANARY).await;
    let secret = fake.secret().endpoint(format!("http://{address}"));
    let error = secret.build().unwrap().fetch().await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }));
    let text = told(&error);
    assert!(
        text.contains("it cannot be reached:") && text.contains("refused"),
        "{text}"
    );
}

#[tokio::test]
async fn somebody_who_never_answers() {
    // The system accepts connections that no server serves.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let fake = Fake::with_value(CANARY).await;
    let secret = fake
        .secret()
        .endpoint(format!("http://{}", listener.local_addr().unwrap()))
        .timeout(Duration::from_millis(300));
    let error = secret.build().unwrap().fetch().await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }));
    let text = told(&error);
    assert!(text.contains("it did not answer in time"), "{text}");
}

#[tokio::test]
async fn credentials_that_never_come() {
    #[derive(Debug)]
    struct Never;
    impl lunadefend_secrets_aws::ProvideCredentials for Never {
        fn provide_credentials<'a>(
            &'a self,
        ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            aws_credential_types::provider::future::ProvideCredentials::new(std::future::pending())
        }
    }

    let fake = Fake::with_value(CANARY).await;
    let secret = fake
        .secret()
        .credentials(Never)
        .timeout(Duration::from_secs(2));
    let error = secret.build().unwrap().fetch().await.unwrap_err();
    assert!(matches!(error, SecretError::Unavailable { .. }));
    let text = told(&error);
    assert!(text.contains("no AWS credentials in time"), "{text}");
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn credentials_are_looked_for_again_after_they_were_refused() {
    #[derive(Debug, Default)]
    struct Renewed(std::sync::atomic::AtomicU32);
    impl lunadefend_secrets_aws::ProvideCredentials for Renewed {
        fn provide_credentials<'a>(
            &'a self,
        ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let times = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let credentials = lunadefend_secrets_aws::Credentials::new(
                format!("AKID{times}"),
                CANARY,
                None,
                None,
                "test",
            );
            aws_credential_types::provider::future::ProvideCredentials::ready(Ok(credentials))
        }
    }

    let fake = Fake::start(|asked| {
        let by = asked.headers["authorization"].to_str().unwrap().to_owned();
        match asked.stage.as_str() {
            _ if by.contains("AKID0") => refusal(400, "ExpiredTokenException", "expired"),
            "AWSCURRENT" => version("1", &["AWSCURRENT"], CANARY),
            _ => no_such_stage(),
        }
    })
    .await;
    let secret = fake
        .secret()
        .credentials(Renewed::default())
        .build()
        .unwrap();
    let error = secret.fetch().await.unwrap_err();
    assert!(told(&error).contains("have expired; renew them"));
    secret.fetch().await.unwrap();
}

#[tokio::test]
async fn a_secret_that_is_not_a_key() {
    for value in [
        "canary-password",
        "{canary",
        "-----BEGIN CERTIFICATE-----\ncanary",
    ] {
        let fake = Fake::with_value(value).await;
        let secret = fake.secret().build().unwrap();
        let found = secret.fetch().await.unwrap().current.value;
        let error = SigningKey::parse(found.expose_secret(), &secret.origin()).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("AWS Secrets Manager secret signing-key in us-east-1"),
            "{text}"
        );
        crate::texts::silent(&text);
    }
}
