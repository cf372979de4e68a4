//! Where settings come from: the environment and a file, what is empty or in quotes, and which wins.

use super::{SESSION_KEY, URL, from_env, pem, text};
use lunadefend::{
    ConfigError, LunaDefend,
    provider::SecretProvider,
    secrets::{FixedEnvironment, secret_providers},
};
use lunadefend_settings::{
    Settings, Side,
    table::{self, SETTINGS},
};
use std::sync::Arc;

/// An environment, and a file.
async fn both(variables: &[(&str, &str)], text: &str) -> Result<LunaDefend, ConfigError> {
    let environment = FixedEnvironment::from_iter(variables.iter().copied());
    let configuration = LunaDefend::configuration().environment(environment);
    configuration.toml(text).build().await
}

/// `X: ${X:-}` of a compose file gives empty variables for what is not set.
#[tokio::test]
async fn an_empty_variable_counts_as_not_set() {
    for setting in SETTINGS {
        if ["TOKENIZER_URL", "LUNASEC_SIGNING_KEY"].contains(&setting.env) {
            continue;
        }
        for empty in ["", " ", "\r", "\"\""] {
            let variables = [
                ("TOKENIZER_URL", URL),
                ("LUNASEC_SIGNING_KEY", pem()),
                ("LUNASEC_SIGNING_KEY_NEXT", empty),
                ("LUNADEFEND_SECRETS_PROVIDER", empty),
                ("LUNADEFEND_SECRETS_PATH", empty),
                ("LUNADEFEND_SESSION_KEY_PROVIDER", empty),
                (setting.env, empty),
            ];
            let built = from_env(&variables).await;
            assert!(built.is_ok(), "{}={empty:?}: {built:?}", setting.env);
        }
    }
}

/// What Docker's env-files and Windows leave around a value.
#[tokio::test]
async fn quotes_and_carriage_returns_are_no_part_of_a_value() {
    let quoted = format!("\"{URL}\"");
    let carriage_return = format!("{URL}\r");
    for url in [&*quoted, &carriage_return] {
        let key = ("LUNASEC_SIGNING_KEY", pem());
        let wire = ("LUNADEFEND_WIRE", "\"v1\"");
        from_env(&[("TOKENIZER_URL", url), key, wire])
            .await
            .unwrap();
    }
    let key = ("LUNASEC_SIGNING_KEY", pem());
    let lonely = text(from_env(&[("TOKENIZER_URL", "\"http://canary"), key]).await);
    assert!(
        lonely.contains("TOKENIZER_URL is wrong: it begins or ends with a quotation mark"),
        "{lonely}"
    );
}

#[tokio::test]
async fn the_environment_wins_over_the_file() {
    let file = format!(
        "tokenizer_url = \"http://t.example\"\nmax_tokens = 8\n[auth.secrets]\nprovider = \"file\"\npath = \"/no/canary\"\nrefresh = \"1m\"\n[auth.session_key]\nprovider = \"inline\"\nvalue = {SESSION_KEY:?}"
    );
    let url = ("TOKENIZER_URL", URL);
    let key = ("LUNASEC_SIGNING_KEY", pem());
    let luna = both(&[url, key], &file).await.unwrap();
    assert_eq!(luna.grants().max_tokens().get(), 8, "the file's");
    assert!(luna.client().tokenizer_url().as_str().starts_with(URL));

    // Each error names what was read: the variable, or the path.
    let text = async |variables: &[(&str, &str)]| text(both(variables, &file).await);
    assert!(
        text(&[key])
            .await
            .starts_with("tokenizer_url must start with https://")
    );
    let wrong = text(&[key, ("TOKENIZER_URL", "http://t.example")]).await;
    assert!(wrong.starts_with("TOKENIZER_URL must start with https://"));
    // Half of a secret's description in each would be neither's.
    let half = text(&[url, ("LUNADEFEND_SECRETS_PATH", "/run/key")]).await;
    assert!(
        half.starts_with("LUNADEFEND_SECRETS_PATH is wrong: there is no such setting here"),
        "{half}"
    );
    let raw = text(&[url, key, ("LUNADEFEND_SESSION_IDS", "raw")]).await;
    assert!(raw.starts_with("auth.session_key is wrong: raw session ids"));
}

#[tokio::test]
async fn a_wrong_neighbour_of_the_key_is_named_by_its_own_variable() {
    let environment = FixedEnvironment::from_iter([
        ("LUNASEC_SIGNING_KEY", pem()),
        ("LUNASEC_SIGNING_KEY_NEXT", "canary"),
    ]);
    let settings = Settings::from_environment(Side::Application, Arc::new(environment)).unwrap();
    let settings = settings.secret_or_variable(&table::SIGNING_KEY);
    let provider = secret_providers().make(settings).unwrap();
    let versions = provider.fetch().await.unwrap();
    assert_eq!(versions.current.origin, None, "it is the provider's");
    assert_eq!(
        versions.next.unwrap().origin.unwrap(),
        "environment variable LUNASEC_SIGNING_KEY_NEXT"
    );
}
