//! The auth providers, to which `/session/ensure` sends browsers.

use super::Origin;
use crate::config_error::ConfigError;
use lunadefend_core::{adapter::AuthPlugin, provider::SettingError, wire};
use lunadefend_http::{BaseUrl, Cleartext, UrlError};
use serde_json::Value;
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// The auth providers: applications that know a browser's session.
///
/// Written like LunaSec's `AUTH_PROVIDERS`, a JSON object, or as one URL:
///
/// ```
/// use lunadefend_http::Cleartext;
/// use lunadefend_tokenizer::AuthProviders;
///
/// let parse = |text| AuthProviders::parse(text, "AUTH_PROVIDERS", Cleartext::LoopbackOnly);
/// parse("https://app.example.com")?;
/// parse(r#"{"shop":{"url":"https://shop.example.com","default":true},
///           "desk":{"url":"https://desk.example.com/api/.lunasec/secure-frame"}}"#)?;
/// assert!(parse(r#"{"a":{"url":"https://a.example"},"b":{"url":"https://b.example"}}"#).is_err());
/// # Ok::<(), lunadefend_tokenizer::ConfigError>(())
/// ```
///
/// A URL without a path, or with only `/`, gets the path `/.lunasec/secure-frame`. A query is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthProviders {
    providers: Vec<Provider>,
    default: usize,
}

/// One of the [`AuthProviders`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Provider {
    name: String,
    origin: Origin,
    /// The URL up to and including `state=`.
    redirect: String,
}

impl AuthProviders {
    /// Parses the value of a setting; `setting` is its name, for the error.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the setting, never the value.
    pub fn parse(
        text: &str,
        setting: &'static str,
        cleartext: Cleartext,
    ) -> Result<Self, ConfigError> {
        let text = text.trim();
        if text.starts_with(['{', '[']) {
            Self::from_json(text, setting, cleartext)
        } else {
            let provider = Provider::new("default".to_owned(), text, setting, cleartext)?;
            Ok(Self {
                providers: vec![provider],
                default: 0,
            })
        }
    }

    fn from_json(
        text: &str,
        setting: &'static str,
        cleartext: Cleartext,
    ) -> Result<Self, ConfigError> {
        let entries: BTreeMap<String, Value> = wire::from_slice(text.as_bytes(), wire::REQUEST)
            .map_err(|_| {
                refused(
                    setting,
                    "must be a URL, or a JSON object such as {\"my-app\":{\"url\":\"https://app.example.com\"}}",
                )
            })?;
        let mut providers = Vec::with_capacity(entries.len());
        let mut defaults = Vec::new();
        for (name, entry) in entries {
            let (url, is_default) =
                read_entry(&entry).ok_or_else(|| {
                    refused(
                        setting,
                        "must have an object with a \"url\" string for each provider and, if there is a choice, a \"default\" boolean",
                    )
                })?;
            if is_default {
                defaults.push(providers.len());
            }
            providers.push(Provider::new(name, url, setting, cleartext)?);
        }
        let default = match (providers.len(), defaults.as_slice()) {
            (0, _) => return Err(refused(setting, "must name at least one provider")),
            (1, _) => 0,
            (_, [default]) => *default,
            _ => {
                let problem = "must have \"default\": true in exactly one of its providers";
                return Err(refused(setting, problem));
            }
        };
        Ok(Self { providers, default })
    }

    /// Finds the provider of that name, or the default one.
    pub(crate) fn find(&self, name: Option<&str>) -> Option<&Provider> {
        match name {
            None => self.providers.get(self.default),
            Some(name) => self.providers.iter().find(|provider| provider.name == name),
        }
    }

    /// Returns whether there is more than one.
    pub(crate) const fn are_several(&self) -> bool {
        self.providers.len() > 1
    }

    /// Returns all of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.providers.iter()
    }
}

fn refused(setting: &'static str, problem: impl Into<Cow<'static, str>>) -> ConfigError {
    SettingError::new(setting, problem, "").into()
}

fn read_entry(entry: &Value) -> Option<(&str, bool)> {
    let entry = entry.as_object()?;
    let url = entry.get("url")?.as_str()?;
    let is_default = match entry.get("default") {
        None => false,
        Some(value) => value.as_bool()?,
    };
    Some((url, is_default))
}

impl Provider {
    fn new(
        name: String,
        url: &str,
        setting: &'static str,
        cleartext: Cleartext,
    ) -> Result<Self, ConfigError> {
        let named = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !named {
            let problem = "must have names of providers with 1 to 64 of A-Z a-z 0-9 . _ -";
            return Err(refused(setting, problem));
        }
        // The query is cut off first: everything before it obeys the rules of every other URL.
        let (base_text, query) = url.split_once('?').unwrap_or((url, ""));
        if query.contains('#') {
            return Err(UrlError::Fragment { setting }.into());
        }
        if query
            .bytes()
            .any(|byte| !byte.is_ascii_graphic() || byte == b'\\')
        {
            return Err(UrlError::Characters { setting }.into());
        }
        if url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "state") {
            let problem = "must have no `state` parameter in the URL of a provider";
            return Err(refused(setting, format!("{problem}: it is added")));
        }
        let base = BaseUrl::parse(base_text, setting, cleartext)?;
        let target = if base.path().is_empty() {
            base.join(AuthPlugin::SECURE_FRAME_PATH)
        } else {
            // A slash at the end is part of the application's route.
            let without = base_text.trim_end_matches('/');
            format!("{}{}", base.as_str(), &base_text[without.len()..])
        };
        let redirect = if query.is_empty() {
            format!("{target}?state=")
        } else {
            format!("{target}?{query}&state=")
        };
        Ok(Self {
            name,
            origin: Origin::of(&base),
            redirect,
        })
    }

    /// Returns the name, as in the state.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the origin of the application.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the URL to send the browser to. A state needs no encoding.
    pub(crate) fn redirect(&self, state: &str) -> String {
        format!("{}{state}", self.redirect)
    }
}

/// Prints names only: a configured URL may carry a key in its query.
impl fmt::Debug for AuthProviders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthProviders")
            .field("providers", &self.providers)
            .field("default", &self.find(None))
            .finish()
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider").field(&self.name).finish()
    }
}
