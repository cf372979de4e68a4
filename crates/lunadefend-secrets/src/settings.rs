//! The settings of one secret, wherever a configuration has them.

use crate::{Environment, NotUtf8, misspelled::is_of_kubernetes};
use lunadefend_core::{SecretValue, parse_duration};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

/// What a configuration says about one secret: which provider has it, and what that provider needs.
///
/// A provider asks for its settings by name; afterwards a setting that nobody asked for is an error,
/// with a suggestion. In a table a setting is an entry; in the environment it is a variable whose name
/// is the table's with an underscore before the setting's, in capitals: `path` of
/// `LUNADEFEND_SECRETS` is `LUNADEFEND_SECRETS_PATH`.
pub struct SecretSettings {
    /// What the settings are called in errors.
    place: String,
    variable: Cow<'static, str>,
    entries: Entries,
    environment: Arc<dyn Environment>,
    asked: BTreeSet<String>,
}

enum Entries {
    Table(BTreeMap<String, SettingValue>),
    Environment,
}

/// An entry of a table.
#[derive(Clone)]
#[non_exhaustive]
pub enum SettingValue {
    /// A text, which may be a secret.
    Text(SecretValue),
    /// A list of texts.
    List(Vec<String>),
    /// Something else, which is never right.
    Other,
}

/// A setting is missing or wrong. The text names it and says what to do; it never repeats the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} is wrong: {advice}")]
pub struct SettingError {
    /// The setting, by the name that it has where the configuration comes from.
    pub setting: String,
    /// What to do.
    pub advice: String,
}

impl SecretSettings {
    /// The entries of a table that errors call `place`, such as `auth.secrets`. `variable` is the
    /// variable of the environment that has the secret unless the table says otherwise.
    pub fn from_table(
        place: impl Into<String>,
        variable: impl Into<Cow<'static, str>>,
        entries: BTreeMap<String, SettingValue>,
        environment: Arc<dyn Environment>,
    ) -> Self {
        Self {
            place: place.into(),
            variable: variable.into(),
            entries: Entries::Table(entries),
            environment,
            asked: BTreeSet::new(),
        }
    }

    /// The variables of the environment whose names begin with `prefix` and an underscore.
    pub fn from_environment(
        prefix: impl Into<String>,
        variable: impl Into<Cow<'static, str>>,
        environment: Arc<dyn Environment>,
    ) -> Self {
        Self {
            place: prefix.into(),
            variable: variable.into(),
            entries: Entries::Environment,
            environment,
            asked: BTreeSet::new(),
        }
    }

    /// The variable of the environment that has the secret unless the settings say otherwise.
    #[must_use]
    pub fn variable(&self) -> &Cow<'static, str> {
        &self.variable
    }

    /// The environment of the configuration.
    #[must_use]
    pub fn environment(&self) -> &Arc<dyn Environment> {
        &self.environment
    }

    /// What errors call the setting `name`.
    #[must_use]
    pub fn name_of(&self, name: &str) -> String {
        match self.entries {
            Entries::Table(_) => format!("{}.{name}", self.place),
            Entries::Environment => format!("{}_{}", self.place, name.to_ascii_uppercase()),
        }
    }

    /// An error about the setting `name`.
    #[must_use]
    pub fn error(&self, name: &str, advice: impl Into<String>) -> SettingError {
        SettingError {
            setting: self.name_of(name),
            advice: advice.into(),
        }
    }

    /// Lets a table spell the setting `name` also as `alias`, as another configuration did.
    ///
    /// # Errors
    /// When it is there under both names.
    pub fn alias(&mut self, alias: &str, name: &str) -> Result<(), SettingError> {
        let Entries::Table(entries) = &mut self.entries else {
            return Ok(());
        };
        self.asked.insert(alias.to_owned());
        let Some(value) = entries.remove(alias) else {
            return Ok(());
        };
        if entries.insert(name.to_owned(), value).is_some() {
            return Err(self.error(alias, format!("it is the same as `{name}`: leave out one")));
        }
        Ok(())
    }

    /// The setting `name` as it is, which may be a secret.
    ///
    /// # Errors
    /// When it is no text.
    pub fn secret(&mut self, name: &str) -> Result<Option<SecretValue>, SettingError> {
        self.asked.insert(name.to_owned());
        match &self.entries {
            Entries::Environment => Ok(self.environment.get(&self.name_of(name))),
            Entries::Table(entries) => match entries.get(name) {
                None => Ok(None),
                Some(SettingValue::Text(value)) => Ok(Some(value.clone())),
                Some(_) => Err(self.error(name, "write a text in quotes")),
            },
        }
    }

    /// The setting `name` as text; `None` when it is not set or empty.
    ///
    /// # Errors
    /// When it is no text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, SettingError> {
        let Some(value) = self.secret(name)? else {
            return Ok(None);
        };
        match std::str::from_utf8(value.expose_secret()) {
            Ok("") => Ok(None),
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(self.error(name, "its value is not UTF-8")),
        }
    }

    /// The setting `name`, without which the provider cannot be made. `what` says what it is.
    ///
    /// # Errors
    /// When it is missing or no text.
    pub fn required(&mut self, name: &str, what: &str) -> Result<String, SettingError> {
        let text = self.text(name)?;
        text.ok_or_else(|| self.error(name, format!("this provider needs it: set it to {what}")))
    }

    /// The setting `name` as a list: in a variable or a text, separated by commas.
    ///
    /// # Errors
    /// When it is neither a list of texts nor a text.
    pub fn list(&mut self, name: &str) -> Result<Vec<String>, SettingError> {
        if let Entries::Table(entries) = &self.entries
            && let Some(SettingValue::List(list)) = entries.get(name)
        {
            self.asked.insert(name.to_owned());
            return Ok(list.clone());
        }
        let text = self.text(name)?.unwrap_or_default();
        let items = text.split(',').map(str::trim);
        Ok(items
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// The setting `name` as a Go duration, such as `5m`.
    ///
    /// # Errors
    /// When it is not one.
    pub fn duration(&mut self, name: &str) -> Result<Option<Duration>, SettingError> {
        let text = self.text(name)?;
        text.map(|text| parse_duration(&text))
            .transpose()
            .map_err(|error| self.error(name, error.to_string()))
    }

    /// Ends the asking.
    ///
    /// # Errors
    /// When there is a setting that nobody asked for.
    pub(crate) fn finish(self) -> Result<(), SettingError> {
        let unknown = match &self.entries {
            Entries::Table(entries) => {
                let mut names = entries.keys();
                names.find(|name| !self.asked.contains(*name)).cloned()
            }
            Entries::Environment => self.misplaced_variable(),
        };
        let Some(unknown) = unknown else {
            return Ok(());
        };
        let names = self.asked.iter().map(String::as_str);
        let advice = match closest(&unknown, names.clone()) {
            Some(name) => format!(
                "there is no such setting here; did you mean {}?",
                self.name_of(name)
            ),
            None => format!(
                "there is no such setting here; there are {}",
                names.collect::<Vec<_>>().join(", ")
            ),
        };
        Err(self.error(&unknown, advice))
    }

    /// A variable that is meant for these settings, and that nobody asked for. Other programs have
    /// variables too, so it must be the setting of another provider, or misspelled.
    fn misplaced_variable(&self) -> Option<String> {
        const OF_PROVIDERS: [&str; 7] = [
            "endpoint",
            "field",
            "name",
            "path",
            "region",
            "secret_id",
            "value",
        ];
        let names = self.environment.names();
        let of_kubernetes = |name: &String| is_of_kubernetes(name, &*self.environment);
        let names = names.iter().filter(|name| !of_kubernetes(name));
        let mut settings = names.filter_map(|name| {
            let name = name.strip_prefix(&self.place)?.strip_prefix('_')?;
            Some(name.to_ascii_lowercase())
        });
        settings.find(|name| {
            let neighbours = ["previous", "next"];
            !self.asked.contains(name)
                && !neighbours.contains(&name.as_str())
                && (OF_PROVIDERS.contains(&name.as_str())
                    || closest(name, self.asked.iter().map(String::as_str)).is_some())
        })
    }
}

impl fmt::Debug for SecretSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSettings")
            .field("place", &self.place)
            .field("variable", &self.variable)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SettingValue(..)")
    }
}

impl From<NotUtf8> for SettingError {
    fn from(error: NotUtf8) -> Self {
        Self {
            setting: error.name().to_owned(),
            advice: "its value is not UTF-8".into(),
        }
    }
}

/// What somebody may have meant who wrote `unknown`.
#[must_use]
pub fn closest<'a>(unknown: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(unknown, name), name))
        .filter(|(likeness, _)| *likeness >= 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedEnvironment;

    #[test]
    fn kinds_of_settings() {
        let variables = [
            ("S_REFRESH", b"5m".to_vec()),
            ("S_MAX_AGE", b"5 canaries".to_vec()),
            ("S_NAME", b"\xffcanary".to_vec()),
            ("S_PATH", Vec::new()),
            ("S_PROVIDER", b" a,,b , ".to_vec()),
        ];
        let environment = Arc::new(FixedEnvironment::from_iter(variables));
        let mut settings = SecretSettings::from_environment("S", "KEY", environment);
        let refresh = settings.duration("refresh").unwrap();
        assert_eq!(refresh, Some(Duration::from_secs(300)));
        let error = settings.duration("max_age").unwrap_err();
        assert_eq!(error.setting, "S_MAX_AGE");
        assert!(!error.to_string().contains("canar"), "{error}");
        let error = settings.text("name").unwrap_err();
        assert_eq!(error.to_string(), "S_NAME is wrong: its value is not UTF-8");
        assert_eq!(settings.text("path").unwrap(), None, "empty is not set");
        assert_eq!(settings.list("provider").unwrap(), ["a", "b"]);
        assert!(settings.secret("value").unwrap().is_none());
    }

    #[test]
    fn suggestions() {
        let names = ["provider", "path", "name", "secret_id"];
        assert_eq!(closest("provdier", names), Some("provider"));
        assert_eq!(closest("secretid", names), Some("secret_id"));
        assert_eq!(closest("pahts", names), None);
        assert_eq!(closest("", names), None);
    }

    #[test]
    fn debug_shows_no_values() {
        let entries = BTreeMap::from([(
            "value".to_owned(),
            SettingValue::Text(SecretValue::new("canary")),
        )]);
        let shown = format!("{entries:?}");
        let environment = Arc::new(FixedEnvironment::default());
        let settings = SecretSettings::from_table("t", "KEY", entries, environment);
        let shown = format!("{shown} {settings:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
