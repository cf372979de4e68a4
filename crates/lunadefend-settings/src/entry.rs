//! One setting in a file.

use lunadefend_core::provider::SecretValue;
use std::{collections::BTreeMap, fmt};

/// The entries of a file, by their paths.
pub(crate) type Entries = BTreeMap<String, Entry>;

/// An entry of a file. `Debug` shows no value.
#[derive(Clone)]
#[cfg_attr(
    not(feature = "toml"),
    expect(dead_code, reason = "only a file has entries")
)]
pub(crate) enum Entry {
    /// A text, which may be a secret.
    Text(SecretValue),
    /// A list of texts.
    List(Vec<String>),
    Integer(i64),
    Bool(bool),
    /// Another TOML type, by its name: no setting has it.
    Other(&'static str),
}

impl Entry {
    pub(crate) const fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Integer(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Other(what) => what,
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}
