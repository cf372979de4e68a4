//! The lifetimes of grants.

use crate::config_error::ConfigError;
use lunadefend_core::{DurationError, GrantDuration, provider::SettingError};

/// The default and the maximum lifetime of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantDurations {
    default: GrantDuration,
    maximum: GrantDuration,
}

impl Default for GrantDurations {
    /// 15 minutes, at most an hour.
    fn default() -> Self {
        Self {
            default: GrantDuration::DEFAULT,
            maximum: GrantDuration::DEFAULT_MAX,
        }
    }
}

/// Why a requested duration is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DurationRefusal {
    Unreadable,
    TooShort,
    OverMaximum,
}

impl DurationRefusal {
    /// Returns LunaSec's message where LunaSec has one.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Unreadable => {
                "Grant duration parse failed, please use a supported duration format like 30m or 1h20m10s"
            }
            Self::TooShort => "Grant duration must be at least 1s",
            Self::OverMaximum => "Grant duration set longer than configured maximum time",
        }
    }
}

impl GrantDurations {
    /// Takes a default and a maximum.
    ///
    /// # Errors
    /// [`ConfigError`] when the default is longer than the maximum.
    pub fn new(default: GrantDuration, maximum: GrantDuration) -> Result<Self, ConfigError> {
        if default > maximum {
            let problem =
                format!("({default}) must not be longer than GRANT_MAXIMUM_DURATION ({maximum})");
            Err(SettingError::new("GRANT_DEFAULT_DURATION", problem, "").into())
        } else {
            Ok(Self { default, maximum })
        }
    }

    /// Returns the default.
    #[must_use]
    pub const fn default_duration(self) -> GrantDuration {
        self.default
    }

    /// Returns the maximum.
    #[must_use]
    pub const fn maximum(self) -> GrantDuration {
        self.maximum
    }

    /// Resolves `customDuration`: missing and empty mean the default, as for LunaSec.
    pub(crate) fn resolve(self, custom: Option<&str>) -> Result<GrantDuration, DurationRefusal> {
        let Some(text) = custom.filter(|text| !text.is_empty()) else {
            return Ok(self.default);
        };
        match text.parse::<GrantDuration>() {
            Ok(duration) if duration > self.maximum => Err(DurationRefusal::OverMaximum),
            Ok(duration) => Ok(duration),
            Err(DurationError::TooShort) => Err(DurationRefusal::TooShort),
            Err(_) => Err(DurationRefusal::Unreadable),
        }
    }
}
