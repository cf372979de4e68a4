//! Settings are validated before any request.

use crate::{
    fake::{Fake, credentials, no_such_stage, version},
    texts::{CANARY, told},
};
use lunadefend_core::provider::{SecretError, SecretProvider};
use lunadefend_secrets_aws::{AwsSecret, AwsSecretBuilder, SdkConfig};
use std::{sync::Arc, time::Duration};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-key-AbCdEf";

#[test]
fn mistakes() {
    let named = || AwsSecret::builder("signing-key");
    let cases: [(AwsSecretBuilder, &str); 17] = [
        (AwsSecret::builder(""), "its name is empty"),
        (AwsSecret::builder("-----BEGIN canary"), "blanks or control"),
        (
            AwsSecret::builder("arn:aws:s3:::canary"),
            "its ARN is not one of a secret",
        ),
        (named().region("canary!"), "its region is not one"),
        (named().region(""), "its region is not one"),
        (
            AwsSecret::builder(ARN).region("us-east-1"),
            "its ARN names another region",
        ),
        (named().field(""), "the name of its field is empty"),
        (named().timeout(Duration::ZERO), "its timeouts must be"),
        (named().timeout(Duration::MAX), "its timeouts must be"),
        (
            named().connect_timeout(Duration::ZERO),
            "its timeouts must be",
        ),
        (named().endpoint(""), "its endpoint is not"),
        (named().endpoint("canary"), "its endpoint is not"),
        (named().endpoint("ftp://127.0.0.1"), "its endpoint is not"),
        (
            named().endpoint("http://u:canary@127.0.0.1"),
            "its endpoint is not",
        ),
        (
            named().endpoint("http://127.0.0.1/?canary"),
            "its endpoint is not",
        ),
        (
            named().endpoint("http://127.0.0.1/#canary"),
            "its endpoint is not",
        ),
        (
            named().endpoint("http://localstack:4566"),
            "its endpoint starts with http://",
        ),
    ];
    for (builder, expected) in cases {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, SecretError::Misconfigured { .. }));
        let text = told(&error);
        assert!(text.contains(expected), "{text}");
        assert!(
            text.starts_with("the secret at AWS Secrets Manager is not usable"),
            "{text}"
        );
    }
}

#[test]
fn what_is_right() {
    for builder in [
        AwsSecret::builder(ARN).region("eu-central-1"),
        AwsSecret::builder("signing-key")
            .endpoint("https://vpce-1.secretsmanager.us-east-1.vpce.amazonaws.com/x"),
        AwsSecret::builder("signing-key").endpoint("http://[::1]:5000"),
        AwsSecret::builder("signing-key")
            .endpoint("http://localstack:4566")
            .allow_cleartext(),
    ] {
        builder.build().unwrap();
    }
    let secret = AwsSecret::builder(ARN).build().unwrap();
    assert_eq!(
        secret.origin(),
        format!("AWS Secrets Manager secret {ARN} in eu-central-1")
    );
    let secret = AwsSecret::builder("a").region("us-east-1").build().unwrap();
    assert_eq!(secret.origin(), "AWS Secrets Manager secret a in us-east-1");
    let secret = AwsSecret::builder("a").build().unwrap();
    assert_eq!(secret.origin(), "AWS Secrets Manager secret a");
}

#[tokio::test]
async fn debug_tells_no_credentials() {
    let fake = Fake::with_value(CANARY).await;
    let builder = || {
        let with_password = format!("https://{CANARY}.example.com");
        fake.secret().endpoint(with_password).field("private_key")
    };
    crate::texts::silent(&format!("{:?} {:#?}", builder(), builder()));
    let secret = builder().build().unwrap();
    let shown = format!("{secret:?} {secret:#?}");
    crate::texts::silent(&shown);
    for expected in ["signing-key", "us-east-1", "private_key", "10s"] {
        assert!(shown.contains(expected), "{shown}");
    }

    let secret = fake.secret().build().unwrap();
    let versions = secret.fetch().await.unwrap();
    crate::texts::silent(&format!("{secret:?} {versions:?}"));
}

#[tokio::test]
async fn it_is_a_provider_as_any_other() {
    let fake = Fake::with_value(CANARY).await;
    let provider: Arc<dyn SecretProvider> = Arc::new(fake.secret().build().unwrap());
    let missing = Fake::start(|_| no_such_stage_of_nothing()).await;
    let chain = lunadefend_secrets::SecretChain::first(missing.secret().build().unwrap())
        .or_else(Arc::clone(&provider));
    let versions = chain.fetch().await.unwrap();
    assert_eq!(versions.current.value.expose_secret(), CANARY.as_bytes());
    let created = versions.current.created.unwrap();
    let since_epoch = created.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since_epoch, Duration::from_millis(1_700_000_000_500));
}

fn no_such_stage_of_nothing() -> axum::response::Response {
    crate::fake::refusal(
        400,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
    )
}

/// As little as an application can give; and what is set beside it takes precedence.
#[tokio::test]
async fn a_configuration_of_the_application() {
    let fake = Fake::with_value(CANARY).await;
    let bare = SdkConfig::builder().build();
    let error = AwsSecret::builder("a").sdk_config(&bare).build().unwrap();
    assert!(told(&error.fetch().await.unwrap_err()).contains("no AWS region is known"));
    let error = AwsSecret::builder(ARN).sdk_config(&bare).build().unwrap();
    assert!(told(&error.fetch().await.unwrap_err()).contains("there are no AWS credentials"));
    let secret = fake.secret().sdk_config(&bare).build().unwrap();
    secret.fetch().await.unwrap();

    let whole = SdkConfig::builder()
        .endpoint_url(&fake.url)
        .region(aws_config::Region::new("us-west-2"))
        .credentials_provider(
            aws_credential_types::provider::SharedCredentialsProvider::new(credentials()),
        )
        .build();
    fake.now_answer(|asked| match asked.stage.as_str() {
        "AWSCURRENT" => version("1", &["AWSCURRENT"], CANARY),
        _ => no_such_stage(),
    });
    let secret = AwsSecret::builder("signing-key")
        .sdk_config(&whole)
        .build()
        .unwrap();
    secret.fetch().await.unwrap();
    assert_eq!(
        secret.origin(),
        "AWS Secrets Manager secret signing-key in us-west-2"
    );
    let secret = AwsSecret::builder(ARN).sdk_config(&whole).build().unwrap();
    secret.fetch().await.unwrap();
    let by = fake.asked().pop().unwrap().headers["authorization"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(by.contains("/eu-central-1/secretsmanager/"), "{by}");

    let away = whole
        .into_builder()
        .endpoint_url("http://secrets.example.com")
        .build();
    let secret = AwsSecret::builder(ARN).sdk_config(&away).build().unwrap();
    let error = secret.fetch().await.unwrap_err();
    assert!(matches!(error, SecretError::Misconfigured { .. }));
    assert!(told(&error).contains("its endpoint starts with http://"));
}
