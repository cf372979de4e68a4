//! The one reader of settings.

use crate::{
    Environment, Kind, SecretSettings, Setting, Side,
    entry::{Entries, Entry},
    environment::is_set,
    spelling,
    table::SETTINGS,
    text,
};
use lunadefend_core::provider::SettingError;
#[cfg(feature = "toml")]
use std::path::Path;
use std::{sync::Arc, time::Duration};

/// The settings of one side, from the environment and, if there is one, from a TOML file.
///
/// The rules of the [crate's documentation](crate) for empty values, quotes and precedence hold for every
/// method. Each fails when the value is not of the setting's kind, and names the variable or the path.
#[derive(Clone, Debug)]
pub struct Settings {
    side: Side,
    environment: Arc<dyn Environment>,
    file: Option<File>,
}

#[derive(Clone, Debug)]
struct File {
    name: String,
    entries: Entries,
}

/// A setting in force: see [`Settings::in_force`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The setting, as its source spells it.
    pub name: &'static str,
    /// Its value, or its default; `None` without either.
    pub value: Option<String>,
    /// The source of the value.
    pub origin: String,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`SettingError`] for a variable whose name is close to a known one.
    pub fn from_environment(
        side: Side,
        environment: Arc<dyn Environment>,
    ) -> Result<Self, SettingError> {
        spelling::refuse_misspelled(&*environment)?;
        Ok(Self {
            side,
            environment,
            file: None,
        })
    }

    /// Reads a TOML text as well, which errors call `file`. The environment wins.
    ///
    /// # Errors
    /// [`SettingError`] for invalid TOML, an unknown name, or a setting of the other side.
    #[cfg(feature = "toml")]
    #[cfg_attr(docsrs, doc(cfg(feature = "toml")))]
    pub fn with_toml(mut self, file: impl Into<String>, text: &str) -> Result<Self, SettingError> {
        let name = file.into();
        let entries = crate::file::parse(&name, text, self.side)?;
        self.file = Some(File { name, entries });
        Ok(self)
    }

    /// Reads a TOML file as well. The environment wins.
    ///
    /// # Errors
    /// As for [`with_toml`](Self::with_toml), and [`SettingError`] for an unreadable file.
    #[cfg(feature = "toml")]
    #[cfg_attr(docsrs, doc(cfg(feature = "toml")))]
    pub fn with_toml_file(self, path: &Path) -> Result<Self, SettingError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let setting = format!("the configuration file {}", path.display());
            SettingError::new(setting, "cannot be read", advice(&error))
        })?;
        self.with_toml(path.display().to_string(), &text)
    }

    /// Returns the environment.
    #[must_use]
    pub fn environment(&self) -> &Arc<dyn Environment> {
        &self.environment
    }

    /// Returns the setting's name for errors, as its source spells it.
    #[must_use]
    pub fn name_of(&self, setting: &Setting) -> &'static str {
        if self.file.is_some()
            && !setting.toml.is_empty()
            && !is_set(&*self.environment, setting.env)
        {
            setting.toml
        } else {
            setting.env
        }
    }

    /// Makes an error about the value of a setting.
    pub fn wrong(&self, setting: &Setting, advice: impl Into<String>) -> SettingError {
        SettingError::wrong(self.name_of(setting), advice.into())
    }

    /// Makes an error about a required setting that is not set.
    pub fn missing(&self, setting: &Setting, advice: &'static str) -> SettingError {
        SettingError::missing(self.name_of(setting), advice)
    }

    /// Returns the error with the setting's name in its source. A library knows settings by their variables.
    #[must_use]
    pub fn spelled(&self, error: SettingError) -> SettingError {
        let mut settings = SETTINGS.iter().filter(|setting| setting.is_of(self.side));
        match settings.find(|setting| setting.env == error.setting) {
            Some(setting) => error.of(self.name_of(setting)),
            None => error,
        }
    }

    /// Returns the setting as text, whatever its kind.
    pub fn text(&self, setting: &Setting) -> Result<Option<String>, SettingError> {
        if let Some(value) = self.environment.get(setting.env)
            && let Some(text) = text::of_setting(setting.env, value.expose_secret())?
        {
            return Ok(Some(text));
        }
        let entries = self.file.as_ref().map(|file| &file.entries);
        let Some(entry) = entries.and_then(|entries| entries.get(setting.toml)) else {
            return Ok(None);
        };
        match (setting.kind, entry) {
            (Kind::Bool, Entry::Bool(flag)) => Ok(Some(flag.to_string())),
            (Kind::Integer(..) | Kind::Bytes(..), Entry::Integer(number)) => {
                Ok(Some(number.to_string()))
            }
            (Kind::List, Entry::List(items)) => Ok(Some(items.join(","))),
            (kind, Entry::Text(value)) if !matches!(kind, Kind::Bool | Kind::Integer(..)) => {
                text::of_setting(setting.toml, value.expose_secret())
            }
            (kind, other) => Err(SettingError::wrong(
                setting.toml,
                expected(kind, other.what()),
            )),
        }
    }

    /// Returns one of the words of a [`Kind::Choice`].
    pub fn choice(&self, setting: &Setting) -> Result<Option<&'static str>, SettingError> {
        let words = match setting.kind {
            Kind::Choice(words) => words,
            _ => &[],
        };
        self.parse(setting, |text| {
            let word = words.iter().find(|word| **word == text).copied();
            word.ok_or_else(|| format!("write {}", words.join(" or ")))
        })
    }

    /// Returns whether a [`Kind::Bool`] is true; not set is false.
    pub fn flag(&self, setting: &Setting) -> Result<bool, SettingError> {
        Ok(self.parse(setting, text::flag)?.unwrap_or(false))
    }

    /// Returns a [`Kind::Integer`] within its range.
    pub fn integer(&self, setting: &Setting) -> Result<Option<u64>, SettingError> {
        let (least, most) = match setting.kind {
            Kind::Integer(least, most) => (least, most),
            _ => (0, u64::MAX),
        };
        self.parse(setting, |text| text::integer(text, least, most))
    }

    /// Returns a [`Kind::Bytes`] within its range.
    pub fn bytes(&self, setting: &Setting) -> Result<Option<u64>, SettingError> {
        let (least, most) = match setting.kind {
            Kind::Bytes(least, most) => (least, most),
            _ => (0, u64::MAX),
        };
        self.parse(setting, |text| text::bytes(text, least, most))
    }

    /// Returns a [`Kind::Duration`] within its range.
    pub fn duration(&self, setting: &Setting) -> Result<Option<Duration>, SettingError> {
        let (least, most) = match setting.kind {
            Kind::Duration(least, most) => (least, most),
            _ => (Duration::ZERO, Duration::MAX),
        };
        self.parse(setting, |text| text::duration(text, least, most))
    }

    /// Returns the items of a [`Kind::List`]; none when it is not set.
    pub fn list(&self, setting: &Setting) -> Result<Vec<String>, SettingError> {
        let items = self.parse(setting, |text| Ok(text::list(text)))?;
        Ok(items.unwrap_or_default())
    }

    fn parse<T>(
        &self,
        setting: &Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, SettingError> {
        let text = self.text(setting)?;
        let parsed = text.map(|text| parse(&text)).transpose();
        parsed.map_err(|advice| self.wrong(setting, advice))
    }

    /// Returns the settings of a secret; `None` when neither source has any.
    #[must_use]
    pub fn secret(&self, setting: &Setting) -> Option<SecretSettings> {
        let settings = self.secret_or_variable(setting);
        settings.is_described().then_some(settings)
    }

    /// Returns the settings of a secret; without any, its variable must hold it.
    #[must_use]
    pub fn secret_or_variable(&self, setting: &Setting) -> SecretSettings {
        let entries = self.file.as_ref().map(|file| &file.entries);
        SecretSettings::new(setting, Arc::clone(&self.environment), entries)
    }

    /// Returns the value of a setting, except a secret, as `lunadefend config check` shows it. It hides a
    /// text that may contain a key, and a URL with a user name or a query.
    pub fn in_force(&self, setting: &Setting) -> Result<InForce, SettingError> {
        match setting.kind {
            Kind::Choice(_) => drop(self.choice(setting)?),
            Kind::Bool => drop(self.flag(setting)?),
            Kind::Integer(..) => drop(self.integer(setting)?),
            Kind::Bytes(..) => drop(self.bytes(setting)?),
            Kind::Duration(..) => drop(self.duration(setting)?),
            Kind::Text | Kind::Hidden | Kind::Url | Kind::List | Kind::Secret(_) => {}
        }
        let name = self.name_of(setting);
        let Some(text) = self.text(setting)? else {
            let default = setting.default;
            return Ok(InForce {
                name,
                value: (!default.is_empty()).then(|| default.to_owned()),
                origin: if default.is_empty() {
                    "not set"
                } else {
                    "default"
                }
                .to_owned(),
            });
        };
        let is_hidden = match setting.kind {
            Kind::Hidden | Kind::Secret(_) => true,
            Kind::Url | Kind::List => text.contains(['@', '?', '#']),
            _ => false,
        };
        let file = self.file.as_ref().filter(|_| name == setting.toml);
        Ok(InForce {
            name,
            value: Some(if is_hidden {
                "(not shown)".into()
            } else {
                text
            }),
            origin: file.map_or_else(|| "environment".to_owned(), |file| file.name.clone()),
        })
    }
}

#[cfg(feature = "toml")]
fn advice(error: &std::io::Error) -> String {
    use std::io::ErrorKind;

    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "there is no such file".into(),
        ErrorKind::IsADirectory => "it is a folder, name the file in it".into(),
        ErrorKind::PermissionDenied => "this process may not read it".into(),
        ErrorKind::InvalidData => "it is not UTF-8 text".into(),
        _ => error.to_string(),
    }
}

fn expected(kind: Kind, found: &str) -> String {
    let wanted = match kind {
        Kind::Bool => "true or false without quotes",
        Kind::Integer(..) => "a whole number without quotes",
        Kind::Bytes(..) => "a number, or a text such as \"16MiB\"",
        Kind::Duration(..) => "a text in quotes, such as \"5m\"",
        Kind::List => "a list of texts in quotes",
        Kind::Text | Kind::Hidden | Kind::Url | Kind::Choice(_) | Kind::Secret(_) => {
            "a text in quotes"
        }
    };
    format!("write {wanted}, not {found}")
}
