//! The definition of a setting.

use std::time::Duration;

/// A setting: one line of the [`table`](crate::table).
#[derive(Debug)]
#[non_exhaustive]
pub struct Setting {
    /// The side that reads it.
    pub side: Side,
    /// Its variable in the environment; for a secret, the variable that holds it by default.
    pub env: &'static str,
    /// Its path in a TOML file, such as `auth.secrets.refresh`; empty when only the environment has it.
    pub toml: &'static str,
    /// The kind of its values.
    pub kind: Kind,
    /// Its default, in its written form; empty without a default.
    pub default: &'static str,
    /// What it is, in Markdown.
    pub doc: &'static str,
}

/// The side that reads a setting. Where the table has two lines for one variable, each side has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The application, by the SDK.
    Application,
    /// The tokenizer, by `lunadefend serve`.
    Tokenizer,
    /// Both, with one meaning.
    Both,
}

/// The kind of a setting's values, and their written form. Ranges include their ends.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// A text.
    Text,
    /// A text that may contain a key: never shown.
    Hidden,
    /// A URL.
    Url,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`; in the environment also `1` or `0`.
    Bool,
    /// A whole number.
    Integer(u64, u64),
    /// A number of bytes, such as `16MiB`.
    Bytes(u64, u64),
    /// A Go duration, such as `5m`.
    Duration(Duration, Duration),
    /// A list of texts; as one text, separated by commas.
    List,
    /// A secret. Its [settings](crate::table::SECRET) have variables with this prefix and an underscore, and
    /// entries in the table at the path of the secret.
    Secret(&'static str),
}

/// A setting that every secret has below its prefix and path: one line of
/// [`table::SECRET`](crate::table::SECRET).
#[derive(Debug)]
#[non_exhaustive]
pub struct SecretSetting {
    /// Its name in a TOML table; in capitals, the end of its variable.
    pub name: &'static str,
    /// Other spellings in a TOML table, which LunaSec's SDK has.
    pub aliases: &'static [&'static str],
    /// The providers that ask for it; empty for the setting that chooses the provider.
    pub providers: &'static str,
    /// What it is, in Markdown.
    pub doc: &'static str,
}

impl Setting {
    /// Returns whether this side reads it.
    #[must_use]
    pub fn is_of(&self, side: Side) -> bool {
        self.side == side || self.side == Side::Both
    }
}
