//! A value in a JSON text, and the limits of its life.

use crate::{GrantDuration, provider::SecretValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, num::NonZeroU32, time::Duration};

/// The longest value in a request or a response itself: 16 KiB.
pub const MAX_INLINE: usize = 16 * 1024;

/// A value in a JSON text, in base64 with padding (RFC 4648 section 4). `Debug` prints none of it.
///
/// Reading fails for more than [`MAX_INLINE`] bytes, and for every spelling but the canonical one.
#[derive(Clone)]
pub struct InlineValue(SecretValue);

impl InlineValue {
    /// What is said of everything else.
    pub(crate) const RULE: &str =
        "value is not base64 with padding of at most 16384 bytes (16 KiB): upload a longer one";

    /// Takes a value; `None` when it is longer than [`MAX_INLINE`].
    #[must_use]
    pub fn new(value: SecretValue) -> Option<Self> {
        (value.expose_secret().len() <= MAX_INLINE).then_some(Self(value))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Returns the value.
    #[must_use]
    pub fn into_value(self) -> SecretValue {
        self.0
    }
}

impl fmt::Debug for InlineValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InlineValue(..)")
    }
}

impl Serialize for InlineValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(STANDARD.encode(self.expose_secret()));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for InlineValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).ok().map(Zeroizing::new);
        text.and_then(|text| STANDARD.decode(text.as_bytes()).ok())
            .and_then(|bytes| Self::new(SecretValue::new(bytes)))
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

/// The time after which a value is refused: from a second to ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueLifetime(GrantDuration);

impl ValueLifetime {
    /// The longest: ten years of 365 days.
    pub const MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    /// What is said of everything else.
    pub(crate) const RULE: &str =
        "expiresIn is not a Go duration from 1s to 87600h (ten years), such as 720h";

    /// Converts a [`Duration`]; `None` outside of the limits.
    #[must_use]
    pub fn new(duration: Duration) -> Option<Self> {
        let duration = GrantDuration::new(duration).ok()?;
        (duration.get() <= Self::MAX).then_some(Self(duration))
    }

    /// Returns the [`Duration`].
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0.get()
    }
}

impl Serialize for ValueLifetime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ValueLifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer).ok();
        text.and_then(|text| text.parse::<GrantDuration>().ok())
            .and_then(|duration| Self::new(duration.get()))
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}

/// How often a value may be read: from once to 100 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reads(NonZeroU32);

impl Reads {
    /// Once.
    pub const ONCE: Self = Self(NonZeroU32::MIN);
    /// The maximum.
    pub const MAX: u32 = 100;
    /// What is said of everything else.
    pub(crate) const RULE: &str = "reads is not a number from 1 to 100";

    /// Makes a number of reads; `None` for 0 and above [`MAX`](Self::MAX).
    #[must_use]
    pub fn new(count: u32) -> Option<Self> {
        NonZeroU32::new(count)
            .filter(|count| count.get() <= Self::MAX)
            .map(Self)
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl Serialize for Reads {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.get())
    }
}

impl<'de> Deserialize<'de> for Reads {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // JSON has one kind of number: 1.0 is 1.
        let count = f64::deserialize(deserializer).ok();
        let is_count =
            |number: &u32| count.is_some_and(|count| f64::from(*number).total_cmp(&count).is_eq());
        (1..=Self::MAX)
            .find(is_count)
            .and_then(Self::new)
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}
