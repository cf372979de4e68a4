//! Settings from a TOML file.

use crate::{
    Builder, ConfigError,
    environment::{deadline, session_ids, wire},
    secret_source::SecretSource,
};
use lunadefend_secrets::Environment;
use std::sync::Arc;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tokenizer_url: Option<String>,
    public_tokenizer_url: Option<String>,
    wire: Option<String>,
    session_ids: Option<String>,
    deadline: Option<String>,
    max_retries: Option<u32>,
    #[serde(default)]
    blob_origins: Vec<String>,
    #[serde(default)]
    allow_cleartext: bool,
    #[serde(default)]
    auth: Auth,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    #[serde(default)]
    secrets: SecretSource,
    session_key: Option<SecretSource>,
}

pub(crate) fn builder(
    text: &str,
    environment: Arc<dyn Environment>,
) -> Result<Builder, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| problem(text, &error))?;
    let url = file.tokenizer_url.ok_or(ConfigError::Missing {
        setting: "tokenizer_url",
        advice: "set it to the URL of the tokenizer, such as \"https://tokenizer.example.com\"",
    })?;
    let mut builder = Builder::new(url);
    if let Some(url) = file.public_tokenizer_url.filter(|url| !url.is_empty()) {
        builder = builder.public_tokenizer_url(url);
    }
    if let Some(level) = file.wire {
        builder = builder.wire(wire("wire", &level)?);
    }
    if let Some(ids) = file.session_ids {
        builder = session_ids(builder, "session_ids", &ids)?;
    }
    if let Some(text) = file.deadline {
        builder = builder.deadline(deadline("deadline", &text)?);
    }
    if let Some(retries) = file.max_retries {
        builder = builder.max_retries(retries);
    }
    for origin in file.blob_origins {
        builder = builder.blob_origin(origin);
    }
    if file.allow_cleartext {
        builder = builder.allow_cleartext();
    }
    builder = builder.signing_key(file.auth.secrets.provider(
        "auth.secrets",
        "LUNASEC_SIGNING_KEY",
        Arc::clone(&environment),
    )?);
    if let Some(source) = file.auth.session_key {
        builder = builder.session_key(source.provider(
            "auth.session_key",
            "LUNADEFEND_SESSION_KEY",
            environment,
        )?);
    }
    Ok(builder)
}

/// Names the line and, when it is about a name, the parser's words. Other texts of the parser repeat
/// values, which may be keys.
fn problem(text: &str, error: &toml::de::Error) -> ConfigError {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..offset]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1;
    let about_a_name = ["unknown field", "duplicate key", "missing field"];
    let problem = if about_a_name
        .iter()
        .any(|start| error.message().starts_with(start))
    {
        error.message().to_owned()
    } else {
        "not TOML, or a value of the wrong type".to_owned()
    };
    ConfigError::Toml { line, problem }
}
