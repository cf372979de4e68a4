//! Settings from a TOML file.

use crate::{
    Builder, ConfigError, Configuration, SecretValue,
    environment::{deadline, session_ids, wire},
};
use lunadefend_secrets::{SecretSettings, SettingValue, closest};
use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tokenizer_url: Option<String>,
    public_tokenizer_url: Option<String>,
    wire: Option<String>,
    session_ids: Option<String>,
    deadline: Option<String>,
    max_retries: Option<u32>,
    max_tokens: Option<usize>,
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
    secrets: toml::Table,
    session_key: Option<toml::Table>,
}

pub(crate) fn builder(configuration: &Configuration, text: &str) -> Result<Builder, ConfigError> {
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
    if let Some(tokens) = file.max_tokens {
        let tokens = NonZeroUsize::new(tokens)
            .ok_or_else(|| ConfigError::invalid("max_tokens", "write a whole number from 1"))?;
        builder = builder.max_tokens(tokens);
    }
    for origin in file.blob_origins {
        builder = builder.blob_origin(origin);
    }
    if file.allow_cleartext {
        builder = builder.allow_cleartext();
    }
    let settings = |place, variable, table| {
        let environment = Arc::clone(configuration.variables());
        SecretSettings::from_table(place, variable, entries(table), environment)
    };
    let signing_key = settings("auth.secrets", "LUNASEC_SIGNING_KEY", file.auth.secrets);
    builder = configuration.signing_key(builder, signing_key)?;
    if let Some(table) = file.auth.session_key {
        let session_key = settings("auth.session_key", "LUNADEFEND_SESSION_KEY", table);
        builder = builder.session_key(configuration.secret(session_key)?);
    }
    Ok(builder)
}

fn entries(table: toml::Table) -> BTreeMap<String, SettingValue> {
    let value = |value| match value {
        toml::Value::String(text) => SettingValue::Text(SecretValue::new(text)),
        toml::Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                toml::Value::String(text) => Some(text),
                _ => None,
            })
            .collect::<Option<_>>()
            .map_or(SettingValue::Other, SettingValue::List),
        _ => SettingValue::Other,
    };
    table
        .into_iter()
        .map(|(name, entry)| (name, value(entry)))
        .collect()
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
        suggest(error.message())
    } else {
        "not TOML, or a value of the wrong type".to_owned()
    };
    ConfigError::Toml { line, problem }
}

/// Adds what was probably meant to a text of the form "unknown field `a`, expected one of `b`, `c`".
fn suggest(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let meant = names.next().and_then(|unknown| closest(unknown, names));
    match meant {
        Some(meant) => format!("{message}; did you mean `{meant}`?"),
        None => message.to_owned(),
    }
}
