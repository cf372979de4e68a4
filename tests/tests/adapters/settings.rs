//! What is wrong with the settings is said when the SDK is built, once for all adapters: the cases of
//! `node-sdk/express_plugin_crash.json` in which the original answers 400 to every user, or in which
//! one GET ends its process, and the URLs of `express_plugin.json` that it takes all the same.

use lunadefend::{ConfigError, LunaDefend, secrets::FixedEnvironment};
use lunadefend_tests::signing_key;
use secrecy::ExposeSecret;
use std::error::Error;

const EC_KEY: &str = include_str!("../../../crates/lunadefend-crypto/tests/fixtures/ec.sec1.pem");
const URL: (&str, &str) = ("TOKENIZER_URL", "http://127.0.0.1:47799");

/// The text of the error and of its causes.
async fn refusal(variables: &[(&'static str, &str)]) -> String {
    let environment = FixedEnvironment::from_iter(variables.iter().copied());
    let error: ConfigError = LunaDefend::configuration()
        .environment(environment)
        .build()
        .await
        .err()
        .unwrap();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn what_ends_the_originals_process_never_starts() {
    let key = ("LUNASEC_SIGNING_KEY", signing_key().pem.expose_secret());
    let unknown = ("LUNADEFEND_SECRETS_PROVIDER", "vault");
    for (case, variables, words) in [
        (
            "frame_ec_key, jwks_ec_key",
            &[URL, ("LUNASEC_SIGNING_KEY", EC_KEY)][..],
            "LUNASEC_SIGNING_KEY is an EC key: an RSA key is needed",
        ),
        (
            "frame_env_unset, jwks_env_unset",
            &[URL],
            "set LUNASEC_SIGNING_KEY, or configure another secret provider",
        ),
        (
            "frame_unknown_provider, jwks_unknown_provider",
            &[URL, key, unknown],
            "LUNADEFEND_SECRETS_PROVIDER is wrong:",
        ),
        (
            "bad_url_no_scheme",
            &[("TOKENIZER_URL", "tokenizer.example"), key],
            "TOKENIZER_URL must start with https:// or http://",
        ),
        (
            "bad_url_localhost_port",
            &[("TOKENIZER_URL", "localhost:17766"), key],
            "TOKENIZER_URL must start with https:// or http://",
        ),
        (
            "url_undefined",
            &[key],
            "TOKENIZER_URL is not set: set it to the URL of the tokenizer",
        ),
        (
            "frame_tokenizer_url_query",
            &[("TOKENIZER_URL", "http://127.0.0.1/prod/?x=1#f"), key],
            "TOKENIZER_URL must not contain a query",
        ),
        (
            "frame_tokenizer_url_userinfo",
            &[("TOKENIZER_URL", "http://u:p@127.0.0.1"), key],
            "TOKENIZER_URL must not contain a user name or a password",
        ),
    ] {
        let text = refusal(variables).await;
        assert!(text.contains(words), "{case}: {text}");
    }
}
