//! The settings of one secret.

use crate::{
    Environment, Kind, Setting,
    entry::{Entries, Entry},
    environment::is_set,
    spelling::{closest, is_of_kubernetes},
    table::{SECRET, SETTINGS},
    text,
};
use lunadefend_core::provider::{SecretValue, SettingError};
use std::{borrow::Cow, collections::BTreeSet, fmt, sync::Arc};

/// The configuration of one secret: its provider, and the settings of that provider.
///
/// A provider asks for its settings by name; afterwards a setting that it did not ask for is an error, with a
/// suggestion. In a file a setting is an entry of the secret's table. In the environment it is a variable:
/// the secret's prefix, an underscore, and the setting's name in capitals. `path` of `LUNADEFEND_SECRETS` is
/// `LUNADEFEND_SECRETS_PATH`.
pub struct SecretSettings {
    variable: &'static str,
    prefix: &'static str,
    path: &'static str,
    /// The entries of a file, by name, when the environment has none.
    entries: Option<Entries>,
    environment: Arc<dyn Environment>,
    asked: BTreeSet<String>,
}

impl SecretSettings {
    pub(crate) fn new(
        setting: &Setting,
        environment: Arc<dyn Environment>,
        file: Option<&Entries>,
    ) -> Self {
        let prefix = match setting.kind {
            Kind::Secret(prefix) => prefix,
            _ => setting.env,
        };
        let mut this = Self {
            variable: setting.env,
            prefix,
            path: setting.toml,
            entries: None,
            environment,
            asked: BTreeSet::new(),
        };
        if !this.is_described() {
            this.entries = file.map(|entries| this.own(entries));
        }
        this
    }

    /// Returns the entries below the path of the secret that concern its provider.
    fn own(&self, entries: &Entries) -> Entries {
        let own = entries.iter().filter_map(|(path, entry)| {
            let name = path.strip_prefix(self.path)?.strip_prefix('.')?;
            (!is_setting(path)).then(|| (name.to_owned(), entry.clone()))
        });
        own.collect()
    }

    /// Returns whether any setting tells the place of the secret.
    pub(crate) fn is_described(&self) -> bool {
        match &self.entries {
            Some(entries) => !entries.is_empty(),
            None => {
                let is_set = |name: &str| is_set(&*self.environment, name);
                is_set(self.variable) || SECRET.iter().any(|s| is_set(&self.name_of(s.name)))
            }
        }
    }

    /// Returns the variable that holds the secret by default.
    #[must_use]
    pub const fn variable(&self) -> &'static str {
        self.variable
    }

    /// Returns the environment of the configuration.
    #[must_use]
    pub fn environment(&self) -> &Arc<dyn Environment> {
        &self.environment
    }

    /// Returns the name of the setting `name` for errors.
    #[must_use]
    pub fn name_of(&self, name: &str) -> String {
        match self.entries {
            Some(_) => format!("{}.{name}", self.path),
            None => format!("{}_{}", self.prefix, name.to_ascii_uppercase()),
        }
    }

    /// Makes an error about the setting `name`.
    #[must_use]
    pub fn error(&self, name: &str, advice: impl Into<Cow<'static, str>>) -> SettingError {
        SettingError::wrong(self.name_of(name), advice)
    }

    /// Returns the setting `name` unchanged, which may be a secret; `None` when it is not set or empty.
    ///
    /// # Errors
    /// When it is no text.
    pub fn secret(&mut self, name: &str) -> Result<Option<SecretValue>, SettingError> {
        self.asked.insert(name.to_owned());
        let value = match &self.entries {
            None => self.environment.get(&self.name_of(name)),
            Some(entries) => match entries.get(name) {
                None => None,
                Some(Entry::Text(value)) => Some(value.clone()),
                Some(other) => {
                    let advice = format!("write a text in quotes, not {}", other.what());
                    return Err(self.error(name, advice));
                }
            },
        };
        Ok(value.filter(|value| !text::bare_secret(value.expose_secret()).is_empty()))
    }

    /// Returns the setting `name` as text; `None` when it is not set or empty.
    ///
    /// # Errors
    /// When it is no text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, SettingError> {
        match self.secret(name)? {
            None => Ok(None),
            Some(value) => text::of_setting(&self.name_of(name), value.expose_secret()),
        }
    }

    /// Returns the setting `name`, which the provider requires. `what` describes it.
    ///
    /// # Errors
    /// When it is missing or not text. The error names a probable misspelling.
    pub fn required(&mut self, name: &str, what: &str) -> Result<String, SettingError> {
        if let Some(text) = self.text(name)? {
            return Ok(text);
        }
        let mut unknown = self.unknown_names().into_iter();
        Err(
            match unknown.find(|unknown| closest(unknown, [name]).is_some()) {
                Some(unknown) => self.no_such(&unknown),
                None => self.error(name, format!("this provider needs it: set it to {what}")),
            },
        )
    }

    /// Returns whether the setting `name` is true; not set is false.
    ///
    /// # Errors
    /// When it is neither true nor false.
    pub fn flag(&mut self, name: &str) -> Result<bool, SettingError> {
        if let Some(entry) = self.entries.as_ref().and_then(|entries| entries.get(name)) {
            self.asked.insert(name.to_owned());
            return match entry {
                Entry::Bool(flag) => Ok(*flag),
                other => {
                    let advice =
                        format!("write true or false without quotes, not {}", other.what());
                    Err(self.error(name, advice))
                }
            };
        }
        let text = self.text(name)?;
        text.map_or(Ok(false), |text| text::flag(&text))
            .map_err(|advice| self.error(name, advice))
    }

    /// Returns the setting `name` as a list: in a variable or a text, separated by commas.
    ///
    /// # Errors
    /// When it is neither a list of texts nor a text.
    pub fn list(&mut self, name: &str) -> Result<Vec<String>, SettingError> {
        let entries = self.entries.as_ref();
        if let Some(Entry::List(list)) = entries.and_then(|entries| entries.get(name)) {
            self.asked.insert(name.to_owned());
            return Ok(list.clone());
        }
        Ok(self
            .text(name)?
            .map_or_else(Vec::new, |text| text::list(&text)))
    }

    /// Fails if a setting was not asked for by the provider.
    ///
    /// # Errors
    /// [`SettingError`], which names it and the closest known setting.
    pub fn finish(self) -> Result<(), SettingError> {
        match self.unknown_names().first() {
            None => Ok(()),
            Some(unknown) => Err(self.no_such(unknown)),
        }
    }

    fn no_such(&self, unknown: &str) -> SettingError {
        let names = self.names();
        let advice = match closest(unknown, names.iter().copied()) {
            Some(name) => format!(
                "there is no such setting here; did you mean {}?",
                self.name_of(name)
            ),
            None => format!(
                "there is no such setting here; there are {}",
                names.join(", ")
            ),
        };
        self.error(unknown, advice)
    }

    /// Returns the names that may be set here: those asked for, with their other spellings in a file, and
    /// those of this secret alone.
    fn names(&self) -> Vec<&str> {
        let aliases = |name: &str| {
            let mut settings = SECRET.iter().filter(|_| self.entries.is_some());
            let setting = settings.find(|setting| setting.name == name);
            setting.map_or(&[][..], |setting| setting.aliases)
        };
        let asked = self.asked.iter();
        let own = SETTINGS.iter().filter_map(|setting| {
            let rest = setting.toml.strip_prefix(self.path)?;
            rest.strip_prefix('.')
        });
        asked
            .flat_map(|name| std::iter::once(name.as_str()).chain(aliases(name).iter().copied()))
            .chain(own)
            .collect()
    }

    /// Returns the names that are set and were not asked for. Other programs have variables too: a variable
    /// counts only if it is misspelled, or the setting of another provider.
    fn unknown_names(&self) -> Vec<String> {
        let is_unknown = |name: &String| !self.asked.contains(name);
        let Some(entries) = &self.entries else {
            return self.unknown_variables();
        };
        entries
            .keys()
            .filter(|name| is_unknown(name))
            .cloned()
            .collect()
    }

    fn unknown_variables(&self) -> Vec<String> {
        let names = self.names();
        let is_ours = |name: &str| {
            SECRET.iter().any(|setting| setting.name == name)
                || closest(name, names.iter().copied()).is_some()
        };
        let mut unknown = Vec::new();
        for variable in self.environment.names() {
            let rest = variable.strip_prefix(self.prefix);
            let Some(name) = rest.and_then(|rest| rest.strip_prefix('_')) else {
                continue;
            };
            let name = name.to_ascii_lowercase();
            let is_neighbour = ["previous", "next"].contains(&&*name);
            if !self.asked.contains(&name)
                && !is_neighbour
                && !is_setting(&variable)
                && is_set(&*self.environment, &variable)
                && is_ours(&name)
                && !is_of_kubernetes(&variable, &*self.environment)
            {
                unknown.push(name);
            }
        }
        unknown
    }
}

/// Returns whether a setting in the table has this name, in the environment or in a file.
fn is_setting(name: &str) -> bool {
    let mut settings = SETTINGS.iter();
    settings.any(|setting| setting.env == name || setting.toml == name)
}

impl fmt::Debug for SecretSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSettings")
            .field("variable", &self.variable)
            .finish_non_exhaustive()
    }
}
