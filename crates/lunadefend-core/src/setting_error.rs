//! What is wrong with a setting, in one form for every crate that has settings.

use std::{borrow::Cow, fmt};

/// A setting is missing or wrong. The text names it and says what to do; it never repeats the value.
///
/// ```
/// use lunadefend_core::provider::SettingError;
///
/// let error = SettingError::wrong("LUNADEFEND_DEADLINE", "write a duration such as 5s");
/// assert_eq!(error.to_string(), "LUNADEFEND_DEADLINE is wrong: write a duration such as 5s");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The setting as its source spells it: the variable that was read, the path in the TOML file, or the
    /// method of a builder.
    pub setting: Cow<'static, str>,
    /// What is wrong, as the rest of a sentence that begins with the setting.
    pub problem: Cow<'static, str>,
    /// What to do; empty when the problem says it.
    pub advice: Cow<'static, str>,
}

impl SettingError {
    /// Says `problem` of a setting.
    pub fn new(
        setting: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            setting: setting.into(),
            problem: problem.into(),
            advice: advice.into(),
        }
    }

    /// Says that a setting has a value that it cannot have.
    pub fn wrong(
        setting: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(setting, "is wrong", advice)
    }

    /// Says that a setting is required and not set.
    pub fn missing(
        setting: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(setting, "is not set", advice)
    }

    /// Says the same of a setting that has this name where it comes from.
    #[must_use]
    pub fn of(mut self, setting: impl Into<Cow<'static, str>>) -> Self {
        self.setting = setting.into();
        self
    }
}

impl std::error::Error for SettingError {}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.setting, self.problem)?;
        if self.advice.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.advice)
        }
    }
}

/// Writes what a `main` that returns it should print.
impl fmt::Debug for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
