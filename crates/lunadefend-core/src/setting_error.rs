//! The error of a missing or invalid setting, shared by every crate that has settings.

use std::{borrow::Cow, fmt};

/// The error of a missing or invalid setting. The text names it and says what to do; it never repeats the
/// value.
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
    /// The problem, as the rest of a sentence that begins with the setting.
    pub problem: Cow<'static, str>,
    /// The advice; empty when the problem implies it.
    pub advice: Cow<'static, str>,
}

impl SettingError {
    /// Reports `problem` for a setting.
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

    /// Reports an invalid value of a setting.
    pub fn wrong(
        setting: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(setting, "is wrong", advice)
    }

    /// Reports a required setting that is not set.
    pub fn missing(
        setting: impl Into<Cow<'static, str>>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(setting, "is not set", advice)
    }

    /// Returns the same error for the setting as named in its source.
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

/// Writes the text of `Display`: a `main` that returns the error prints it.
impl fmt::Debug for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
