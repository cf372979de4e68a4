//! Every way to configure a `LunaDefend`, and everything that can be wrong with it.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod sources;

use lunadefend::{
    ConfigError, ErrorKind, LunaDefend, SessionId, UntrustedToken,
    provider::SecretValue,
    secrets::{FixedEnvironment, InlineSecret},
};
use lunadefend_crypto::{GeneratedKey, RsaBits};
use secrecy::ExposeSecret;
use std::{
    future::IntoFuture as _,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::net::TcpListener;

const URL: &str = "http://127.0.0.1:1";
const SESSION_KEY: &str = "0123456789abcdef0123456789abcdef";

fn pem() -> &'static str {
    static PEM: OnceLock<GeneratedKey> = OnceLock::new();
    PEM.get_or_init(|| GeneratedKey::generate(RsaBits::Rsa2048).unwrap())
        .pem
        .expose_secret()
}

async fn from_env(variables: &[(&str, &str)]) -> Result<LunaDefend, ConfigError> {
    let variables = variables.iter().copied();
    let configuration = LunaDefend::configuration();
    let environment = FixedEnvironment::from_iter(variables);
    configuration.environment(environment).build().await
}

async fn from_toml(text: &str) -> Result<LunaDefend, ConfigError> {
    let configuration = LunaDefend::configuration().environment(FixedEnvironment::default());
    configuration.toml(text).build().await
}

/// The error as its reader sees it, which never has a canary in it.
fn text(outcome: Result<LunaDefend, ConfigError>) -> String {
    let error = outcome.expect_err("the configuration is wrong");
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    assert!(!text.contains("canary"), "{text}");
    // What a `main` prints that returns it.
    let boxed: Box<dyn std::error::Error> = error.into();
    assert_eq!(format!("{boxed:?}"), text);
    text
}

#[tokio::test]
async fn a_main_that_returns_the_error_prints_what_to_do() {
    let missing = "/there/is/no/such/lunadefend.toml";
    let public_key = include_str!("../../../lunadefend-crypto/tests/fixtures/rsa2048.spki.pem");
    for (outcome, printed) in [
        (
            from_env(&[("TOKENIZER_URL", "http://tokenizer.example.com")]).await,
            "TOKENIZER_URL must start with https://: http:// is only allowed for loopback",
        ),
        (
            from_env(&[("TOKENIZER_URL", URL), ("LUNASEC_SIGNING_KEY", public_key)]).await,
            "environment variable LUNASEC_SIGNING_KEY is a public key: signing needs the private key",
        ),
        (
            from_env(&[("TOKENIZER_URL", URL)]).await,
            "no secret at environment variable LUNASEC_SIGNING_KEY: set LUNASEC_SIGNING_KEY",
        ),
        (
            LunaDefend::from_toml_file(missing).await,
            "the configuration file /there/is/no/such/lunadefend.toml cannot be read: there is no such file",
        ),
    ] {
        let error: Box<dyn std::error::Error> = outcome.err().unwrap().into();
        let shown = format!("{error:?}");
        assert!(shown.contains(printed), "{shown}");
        assert!(!shown.contains('{') && !shown.contains("source"), "{shown}");
    }
}

#[tokio::test]
async fn the_environment_is_enough() {
    let luna = from_env(&[
        ("TOKENIZER_URL", URL),
        ("PUBLIC_TOKENIZER_URL", ""),
        ("LUNASEC_SIGNING_KEY", pem()),
        ("LUNADEFEND_SESSION_KEY", SESSION_KEY),
        ("LUNADEFEND_WIRE", "v1"),
        ("LUNADEFEND_DEADLINE", "50ms"),
        ("LUNADEFEND_MAX_RETRIES", "0"),
        (
            "LUNADEFEND_BLOB_ORIGINS",
            "https://a.example, https://b.example",
        ),
    ])
    .await
    .unwrap();
    // Nothing listens there: the call is made, and its failure is typed.
    let session = SessionId::new("ann").unwrap();
    let token = UntrustedToken::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap();
    let error = luna.grants().verify(&session, token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
}

#[tokio::test]
async fn the_level_that_the_tokenizer_must_offer_is_a_setting() {
    // A tokenizer that has nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, axum::Router::new()).into_future());
    let refusal = async |luna: Result<LunaDefend, ConfigError>| {
        let session = SessionId::new("ann").unwrap();
        let token = UntrustedToken::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap();
        let verified = luna.unwrap().grants().verify(&session, token).await;
        verified.unwrap_err().kind()
    };
    let mut variables = vec![("TOKENIZER_URL", &*url), ("LUNASEC_SIGNING_KEY", pem())];
    let missing = refusal(from_env(&variables).await).await;
    assert_eq!(missing, ErrorKind::TokenizerNotFound);
    variables.push(("LUNADEFEND_REQUIRE_LEVEL", "2"));
    let too_old = refusal(from_env(&variables).await).await;
    assert_eq!(too_old, ErrorKind::TokenizerTooOld);

    let key = format!("provider = 'inline'\nvalue = '''{}'''", pem());
    let text = format!("tokenizer_url = {url:?}\nrequire_level = 2\n[auth.secrets]\n{key}");
    let too_old = refusal(from_toml(&text).await).await;
    assert_eq!(too_old, ErrorKind::TokenizerTooOld);
}

#[tokio::test]
async fn how_many_tokens_one_call_may_have_is_a_setting() {
    let most = |luna: Result<LunaDefend, ConfigError>| luna.unwrap().grants().max_tokens().get();
    let mut variables = vec![("TOKENIZER_URL", URL), ("LUNASEC_SIGNING_KEY", pem())];
    assert_eq!(most(from_env(&variables).await), 500);
    variables.push(("LUNADEFEND_MAX_TOKENS", "7"));
    assert_eq!(most(from_env(&variables).await), 7);

    let toml = async |number: &str| {
        let key = format!("provider = 'inline'\nvalue = '''{}'''", pem());
        let text = format!("tokenizer_url = {URL:?}\nmax_tokens = {number}\n[auth.secrets]\n{key}");
        from_toml(&text).await
    };
    assert_eq!(most(toml("8").await), 8);
    assert!(
        text(toml("\"8\"").await)
            .contains("max_tokens is wrong: write a whole number without quotes, not a text")
    );
    assert!(text(toml("0").await).contains("max_tokens"));
}

#[tokio::test]
async fn every_wrong_variable_is_named_when_it_is_built() {
    let text_of = async |name: &'static str, value: &str| {
        let mut variables = vec![("LUNASEC_SIGNING_KEY", pem()), ("TOKENIZER_URL", URL)];
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
        text(from_env(&variables).await)
    };
    for (name, value, words) in [
        ("TOKENIZER_URL", "", "TOKENIZER_URL"),
        ("TOKENIZER_URL", "canary", "TOKENIZER_URL"),
        ("TOKENIZER_URL", "tokenizer.example.com", "TOKENIZER_URL"),
        ("TOKENIZER_URL", "http://tokenizer.example.com", "https"),
        (
            "TOKENIZER_URL",
            "https://u:canary@tokenizer.example.com",
            "TOKENIZER_URL",
        ),
        (
            "TOKENIZER_URL",
            "https://tokenizer.example.com/?x=canary",
            "TOKENIZER_URL",
        ),
        ("PUBLIC_TOKENIZER_URL", "canary", "PUBLIC_TOKENIZER_URL"),
        ("LUNASEC_SIGNING_KEY", "", "set but empty"),
        (
            "LUNASEC_SIGNING_KEY",
            "canary canary!",
            "LUNASEC_SIGNING_KEY",
        ),
        ("LUNADEFEND_SESSION_KEY", "canary", "32 bytes"),
        // 31 bytes: what is around them does not count.
        (
            "LUNADEFEND_SESSION_KEY",
            "'canary canary canary canary 31'\n",
            "32 bytes",
        ),
        ("LUNADEFEND_SESSION_IDS", "canary", "LUNADEFEND_SESSION_IDS"),
        ("LUNADEFEND_WIRE", "canary", "LUNADEFEND_WIRE"),
        ("LUNADEFEND_DEADLINE", "5 canaries", "LUNADEFEND_DEADLINE"),
        (
            "LUNADEFEND_DEADLINE",
            "0s",
            "LUNADEFEND_DEADLINE is wrong: write a duration from 1ms to 1h",
        ),
        ("LUNADEFEND_MAX_RETRIES", "-1", "LUNADEFEND_MAX_RETRIES"),
        (
            "LUNADEFEND_MAX_RETRIES",
            "11",
            "LUNADEFEND_MAX_RETRIES is wrong: write a whole number from 0 to 10",
        ),
        (
            "LUNADEFEND_REQUIRE_LEVEL",
            "3",
            "LUNADEFEND_REQUIRE_LEVEL is wrong: write a whole number from 1 to 2",
        ),
        ("LUNADEFEND_MAX_TOKENS", "0", "LUNADEFEND_MAX_TOKENS"),
        ("LUNADEFEND_MAX_TOKENS", "many", "whole number from 1"),
        (
            "LUNADEFEND_BLOB_ORIGINS",
            "https://ok.example,canary",
            "LUNADEFEND_BLOB_ORIGINS",
        ),
        (
            "LUNADEFEND_ALLOW_CLEARTEXT",
            "canary",
            "LUNADEFEND_ALLOW_CLEARTEXT",
        ),
        (
            "LUNADEFEND_SECRETS_PROVIDER",
            "canary",
            "there are aws-secrets-manager, environment, file, inline",
        ),
        (
            "LUNADEFEND_SECRETS_PROVIDER",
            "flie",
            "did you mean \"file\"?",
        ),
        (
            "LUNADEFEND_SECRETS_PROVIDER",
            "file",
            "LUNADEFEND_SECRETS_PATH is wrong: this provider needs it",
        ),
        (
            "LUNADEFEND_SECRETS_PATH",
            "canary",
            "LUNADEFEND_SECRETS_PATH",
        ),
        (
            "LUNADEFEND_SECRETS_REFRESH",
            "5 canaries",
            "LUNADEFEND_SECRETS_REFRESH",
        ),
        (
            "LUNADEFEND_SECRETS_REFRESH",
            "10ms",
            "LUNADEFEND_SECRETS_REFRESH is wrong: a secret is fetched again after 1s to 24h",
        ),
        (
            "LUNADEFEND_SECRETS_MAX_AGE",
            "5m",
            "LUNADEFEND_SECRETS_MAX_AGE is wrong",
        ),
        (
            "LUNADEFEND_SECRETS_NEW_KEY_DELAY",
            "canary",
            "LUNADEFEND_SECRETS_NEW_KEY_DELAY",
        ),
        (
            "LUNADEFEND_SECRETS_REFERSH",
            "canary",
            "did you mean LUNADEFEND_SECRETS_REFRESH?",
        ),
        (
            "LUNADEFEND_DEADLIN",
            "canary",
            "LUNADEFEND_DEADLIN is wrong: there is no such setting; did you mean LUNADEFEND_DEADLINE?",
        ),
        (
            "LUNADEFEND_SESSION_KEY_PROVIDER",
            "canary",
            "LUNADEFEND_SESSION_KEY_PROVIDER",
        ),
    ] {
        let text = text_of(name, value).await;
        assert!(text.contains(words), "{name}={value}: {text}");
    }
    let missing = text(from_env(&[("LUNASEC_SIGNING_KEY", pem())]).await);
    assert!(missing.contains("TOKENIZER_URL is not set"), "{missing}");
    let missing = text(from_env(&[("TOKENIZER_URL", URL)]).await);
    assert!(missing.contains("LUNASEC_SIGNING_KEY"), "{missing}");
    let both = [
        ("TOKENIZER_URL", URL),
        ("LUNASEC_SIGNING_KEY", pem()),
        ("LUNADEFEND_SESSION_IDS", "raw"),
        ("LUNADEFEND_SESSION_KEY", SESSION_KEY),
    ];
    assert!(text(from_env(&both).await).contains("leave out one of the two"));
}

#[tokio::test]
async fn a_file_chooses_the_provider_under_each_of_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem");
    std::fs::write(&key, pem()).unwrap();
    let file = format!("path = {key:?}");
    let original = format!("signingKey = '''{}'''", pem());
    let inline = format!("value = '''{}'''", pem());
    for (choice, setting) in [
        ("provider = \"file\"", &file),
        ("source = \"file\"", &file),
        ("provider = \"inline\"", &inline),
        ("provider = \"manual\"", &inline),
        ("source = \"manual\"", &inline),
        ("provider = \"manual\"", &original),
        (
            "provider = [\"environment\", \"file\"]\nname = \"NOT_SET\"",
            &file,
        ),
        (
            "provider = \"file\"\nrefresh = \"1m\"\nmax_age = \"2h\"\nnew_key_delay = \"30m\"",
            &file,
        ),
    ] {
        let toml = format!(
            "tokenizer_url = \"{URL}\"\ndeadline = \"2s\"\n[auth.secrets]\n{choice}\n{setting}\n"
        );
        from_toml(&toml).await.unwrap();
        let path = folder.path().join("lunadefend.toml");
        std::fs::write(&path, toml).unwrap();
        LunaDefend::from_toml_file(&path).await.unwrap();
    }
    let missing = text(LunaDefend::from_toml_file(folder.path().join("none.toml")).await);
    assert!(missing.contains("none.toml"), "{missing}");
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_named_without_its_values() {
    for (toml, words) in [
        ("", "tokenizer_url is not set"),
        ("tokenizer_url = canary", "line 1"),
        ("tokenizer_url = \"http://t.example\"", "tokenizer_url"),
        (
            "tokenizer_url = \"http://localhost\"\ntokeniser = 1",
            "tokeniser is wrong: there is no such setting",
        ),
        (
            "tokenizer_url = \"http://localhost\"\nmax_retries = \"canary\"",
            "max_retries is wrong: write a whole number without quotes, not a text",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nprovider = \"canary\"",
            "auth.secrets",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nprovider = \"inline\"",
            "auth.secrets.value is wrong: this provider needs it",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secret]\nvalue = \"canary\"",
            "auth.secret is wrong: there is no such setting; did you mean auth.secrets?",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nsorce = \"file\"",
            "auth.secrets.sorce is wrong: there is no such setting here; did you mean",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nrefresh = 5",
            "auth.secrets.refresh is wrong: write a text in quotes, such as \"5m\", not a number",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.session_key]\nprovider = \"canary\"",
            "auth.session_key.provider",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nvalue = \"canary\"",
            "auth.secrets.value is wrong: there is no such setting here",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nprovider = \"inline\"\nvalue = \"canary!\"",
            "auth.secrets.value",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nprovider = \"inline\"\nvalue = [\"canary\"]",
            "auth.secrets.value is wrong: write a text in quotes",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nprovider = \"file\"\npath = \"/nowhere/key\"",
            "/nowhere/key",
        ),
        (
            "tokenizer_url = \"http://localhost\"\ndeadline = 5",
            "deadline is wrong: write a text in quotes, such as \"5m\", not a number",
        ),
        (
            "tokenizer_url = [\"canary\"]",
            "tokenizer_url is wrong: write a text in quotes, not a list",
        ),
        (
            "tokenizer_url = \"http://localhost\"\nallow_cleartext = \"true\"",
            "allow_cleartext is wrong: write true or false without quotes, not a text",
        ),
        (
            "auth = \"canary\"",
            "auth is wrong: write a table, [auth], not a text",
        ),
        (
            "cookies = \"canary\"",
            "cookies is wrong: it is a setting of the tokenizer",
        ),
        (
            "tokenizer_url = \"http://localhost\"\n[auth.secrets]\nprovider = \"file\"\npth = \"canary\"",
            "auth.secrets.pth is wrong: there is no such setting here; did you mean auth.secrets.path?",
        ),
        (
            "wire = \"v1\"\nwire = \"canary\"",
            "line 2 of the TOML text is wrong: duplicate key",
        ),
        (
            "tokenizer_url = \"http://localhost\"\nwire = \"canary\"",
            "wire",
        ),
        (
            "tokenizer_url = \"http://localhost\"\nsession_ids = \"canary\"",
            "session_ids",
        ),
        (
            "tokenizer_url = \"http://localhost\"\ndeadline = \"1d\"",
            "deadline",
        ),
    ] {
        let text = text(from_toml(toml).await);
        assert!(text.contains(words), "{toml}: {text}");
    }
}

#[tokio::test]
async fn the_session_key_comes_from_the_same_providers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("session-key");
    std::fs::write(&path, SESSION_KEY).unwrap();
    let path = path.to_str().unwrap();
    from_env(&[
        ("TOKENIZER_URL", URL),
        ("LUNASEC_SIGNING_KEY", pem()),
        ("LUNADEFEND_SESSION_KEY_PROVIDER", "file"),
        ("LUNADEFEND_SESSION_KEY_PATH", path),
    ])
    .await
    .unwrap();
    std::fs::write(path, "canary").unwrap();
    let toml = format!(
        "tokenizer_url = \"{URL}\"\n[auth.secrets]\nprovider = \"inline\"\nvalue = '''{}'''\n[auth.session_key]\nsource = \"file\"\npath = {path:?}",
        pem()
    );
    let text = text(from_toml(&toml).await);
    assert!(
        text.contains("session-key") && text.contains("32 bytes"),
        "{text}"
    );
}

#[tokio::test]
async fn a_provider_of_ones_own_has_a_name_and_settings() {
    let configuration = |secret: &'static str| {
        LunaDefend::configuration().secret_provider("Our-Vault", move |settings| {
            let path = settings.required("vault_path", "the path of the secret in the vault")?;
            let secret = SecretValue::new(if path == "kv/key" { pem() } else { secret });
            Ok(Arc::new(InlineSecret::new(secret, format!("vault {path}"))))
        })
    };
    let from_env = async |path: &str| {
        let environment = FixedEnvironment::from_iter([
            ("TOKENIZER_URL", URL),
            ("LUNADEFEND_SECRETS_PROVIDER", "ourVault"),
            ("LUNADEFEND_SECRETS_VAULT_PATH", path),
        ]);
        let configuration = configuration("canary").environment(environment);
        configuration.build().await
    };
    from_env("kv/key").await.unwrap();
    assert!(text(from_env("kv/other").await).contains("vault kv/other"));
    let needs = text(from_env("").await);
    assert!(
        needs.contains("LUNADEFEND_SECRETS_VAULT_PATH is wrong: this provider needs it"),
        "{needs}"
    );

    let toml = |setting: &str| {
        format!("tokenizer_url = \"{URL}\"\n[auth.secrets]\nprovider = \"our-vault\"\n{setting}")
    };
    let configuration = || configuration("").environment(FixedEnvironment::default());
    let luna = configuration()
        .toml(toml("vault_path = \"kv/key\""))
        .build()
        .await;
    let published = luna.unwrap().keys().published().await.unwrap();
    assert!(published[0].signs);
    let luna = configuration()
        .toml(toml("vault_path = \"kv/key\"\nvalue = \"canary\""))
        .build()
        .await;
    assert!(text(luna).contains("auth.secrets.value"));
}

#[cfg(not(feature = "aws"))]
#[tokio::test]
async fn without_the_feature_aws_is_named_and_refused() {
    let text = text(
        from_env(&[
            ("TOKENIZER_URL", URL),
            ("LUNADEFEND_SECRETS_PROVIDER", "awsSecretsManager"),
            ("LUNADEFEND_SECRETS_SECRET_ID", "canary"),
        ])
        .await,
    );
    assert!(text.contains("turn on the feature `aws`"), "{text}");
}

#[cfg(feature = "aws")]
#[tokio::test]
async fn a_secret_of_aws_is_configured_by_its_settings() {
    let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/key-AbCdEf";
    let of = |settings: &str| format!("tokenizer_url = \"{URL}\"\n[auth.secrets]\n{settings}");
    for (settings, words) in [
        (
            "provider = \"aws-secrets-manager\"".to_owned(),
            "auth.secrets.secret_id is wrong: this provider needs it",
        ),
        (
            "source = \"awsSecretsManager\"\nsecretArn = \"arn:aws:s3:::bucket\"".to_owned(),
            "auth.secrets.secret_id is wrong",
        ),
        (
            format!(
                "provider = \"awsSecretsManager\"\nsecretArn = {arn:?}\nregion = \"us-west-2\""
            ),
            "auth.secrets.secret_id is wrong",
        ),
        (
            format!(
                "provider = \"aws-secrets-manager\"\nsecret_id = {arn:?}\nendpoint = \"http://10.0.0.1\""
            ),
            "http://",
        ),
        (
            format!(
                "provider = \"aws-secrets-manager\"\nsecret_id = {arn:?}\nallow_cleartext = \"maybe\""
            ),
            "auth.secrets.allow_cleartext",
        ),
        (
            format!(
                "provider = \"aws-secrets-manager\"\nsecret_id = {arn:?}\nfeild = \"private_key\""
            ),
            "did you mean auth.secrets.field?",
        ),
    ] {
        let text = text(from_toml(&of(&settings)).await);
        assert!(text.contains(words), "{settings}: {text}");
    }
}

#[tokio::test]
async fn the_builder_shows_no_secret() {
    let builder = LunaDefend::builder("https://u:canary@t.example")
        .signing_key(InlineSecret::new(
            SecretValue::new(pem().as_bytes()),
            "canary-free",
        ))
        .session_key(InlineSecret::new(
            SecretValue::new("canary".repeat(8)),
            "inline",
        ))
        .deadline(Duration::from_secs(1));
    let shown = format!("{builder:?}");
    assert!(
        !shown.contains("canary\"") && !shown.contains(":canary@") && !shown.contains("BEGIN"),
        "{shown}"
    );
}
