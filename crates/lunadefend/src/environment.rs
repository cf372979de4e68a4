//! Settings from the environment.

use crate::{Builder, ConfigError, Configuration, WireLevel, builder::Names};
use lunadefend_core::parse_duration;
use lunadefend_secrets::{SecretSettings, refuse_misspelled};
use std::sync::Arc;

const NAMES: Names = Names {
    tokenizer_url: "TOKENIZER_URL",
    public_tokenizer_url: "PUBLIC_TOKENIZER_URL",
    session_key: "LUNADEFEND_SESSION_KEY",
    blob_origins: "LUNADEFEND_BLOB_ORIGINS",
};

pub(crate) fn builder(configuration: &Configuration) -> Result<Builder, ConfigError> {
    let environment = configuration.variables();
    refuse_misspelled(&**environment)?;
    let get = |name: &'static str| environment.text(name);

    let url = get(NAMES.tokenizer_url)?.ok_or(ConfigError::Missing {
        setting: NAMES.tokenizer_url,
        advice: "set it to the URL of the tokenizer, such as https://tokenizer.example.com; `lunadefend dev` starts one and prints it",
    })?;
    let mut builder = Builder::new(url);
    builder.names = NAMES;
    // The original treats an empty public URL as none.
    if let Some(url) = get(NAMES.public_tokenizer_url)?.filter(|url| !url.is_empty()) {
        builder = builder.public_tokenizer_url(url);
    }
    let settings = |prefix, variable| {
        SecretSettings::from_environment(prefix, variable, Arc::clone(environment))
    };
    let signing_key = settings("LUNADEFEND_SECRETS", "LUNASEC_SIGNING_KEY");
    builder = configuration.signing_key(builder, signing_key)?;
    // A secret that is named by another provider needs no variable of its own.
    if environment.get(NAMES.session_key).is_some()
        || environment.get("LUNADEFEND_SESSION_KEY_PROVIDER").is_some()
    {
        let session_key = settings(NAMES.session_key, NAMES.session_key);
        builder = builder.session_key(configuration.secret(session_key)?);
    }
    if let Some(ids) = get("LUNADEFEND_SESSION_IDS")? {
        builder = session_ids(builder, "LUNADEFEND_SESSION_IDS", &ids)?;
    }
    if let Some(level) = get("LUNADEFEND_WIRE")? {
        builder = builder.wire(wire("LUNADEFEND_WIRE", &level)?);
    }
    if let Some(deadline) = get("LUNADEFEND_DEADLINE")? {
        builder = builder.deadline(self::deadline("LUNADEFEND_DEADLINE", &deadline)?);
    }
    if let Some(retries) = get("LUNADEFEND_MAX_RETRIES")? {
        let retries = retries.parse().map_err(|_| {
            ConfigError::invalid("LUNADEFEND_MAX_RETRIES", "write a number from 0 to 10")
        })?;
        builder = builder.max_retries(retries);
    }
    if let Some(tokens) = get("LUNADEFEND_MAX_TOKENS")? {
        let tokens = tokens.parse().map_err(|_| {
            ConfigError::invalid("LUNADEFEND_MAX_TOKENS", "write a whole number from 1")
        })?;
        builder = builder.max_tokens(tokens);
    }
    for origin in get(NAMES.blob_origins)?
        .iter()
        .flat_map(|list| list.split(','))
    {
        builder = builder.blob_origin(origin.trim());
    }
    match get("LUNADEFEND_ALLOW_CLEARTEXT")?.as_deref() {
        Some("true" | "1") => builder = builder.allow_cleartext(),
        None | Some("false" | "0" | "") => {}
        Some(_) => {
            return Err(ConfigError::invalid(
                "LUNADEFEND_ALLOW_CLEARTEXT",
                "write true or false",
            ));
        }
    }
    Ok(builder)
}

pub(crate) fn session_ids(
    builder: Builder,
    setting: &'static str,
    text: &str,
) -> Result<Builder, ConfigError> {
    match text {
        "hashed" => Ok(builder),
        "raw" => Ok(builder.raw_session_ids()),
        _ => Err(ConfigError::invalid(setting, "write \"hashed\" or \"raw\"")),
    }
}

pub(crate) fn wire(setting: &'static str, text: &str) -> Result<WireLevel, ConfigError> {
    match text {
        "v1" => Ok(WireLevel::V1),
        "v1-extended" => Ok(WireLevel::V1Extended),
        _ => Err(ConfigError::invalid(
            setting,
            "write \"v1-extended\" or \"v1\"",
        )),
    }
}

pub(crate) fn deadline(
    setting: &'static str,
    text: &str,
) -> Result<std::time::Duration, ConfigError> {
    parse_duration(text).map_err(|error| ConfigError::invalid(setting, error.to_string()))
}
