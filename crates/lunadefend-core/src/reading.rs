//! Reads values by serde, with errors that never echo the input, as serde's own would.
//!
//! A deserializer of ours wraps the one of the format. The type being read sees our error ([`Wrong`]), which
//! keeps none of the input. The path to it ([`Path`]) contains no key of the input. Serde passes the names of
//! the fields and variants of a type; a key is named only if it is one of these. (`serde_path_to_error` does
//! not distinguish a field from a map key.)

mod access;
mod path;
mod watch;
mod wrong;

pub(crate) use path::Path;
pub(crate) use wrong::{BLANK_IN_A_FORM, What, Wrong};

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::error::Category;
use watch::Reader;

/// Why a JSON text was not read.
pub(crate) struct JsonFailure {
    /// `None` when the text is not JSON.
    pub(crate) found: Option<Found>,
    /// From 1.
    pub(crate) line: usize,
    /// From 1; 0 at the start of a line.
    pub(crate) column: usize,
}

/// The problem, and the path of its member.
pub(crate) struct Found {
    pub(crate) what: What,
    pub(crate) path: Path,
}

/// Reads a JSON text. Only a rejected text is read a second time, to find the problem.
pub(crate) fn json<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonFailure> {
    // Once for the whole text, in place of once for each string in it.
    let outcome = match std::str::from_utf8(text) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(text),
    };
    outcome.map_err(|error| {
        let is_json = error.classify() == Category::Data;
        let read = || read::<T, _, false>(&mut serde_json::Deserializer::from_slice(text));
        JsonFailure {
            found: is_json.then(read).and_then(Result::err),
            line: error.line(),
            column: error.column(),
        }
    })
}

/// Reads a form or a query.
pub(crate) fn form<T: DeserializeOwned>(text: &[u8]) -> Result<T, Found> {
    read::<T, _, true>(serde_html_form::Deserializer::from_bytes(text))
}

fn read<'de, T, D, const FORM: bool>(deserializer: D) -> Result<T, Found>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let trace = path::Trace::<FORM>::default();
    let read = T::deserialize(Reader::new(deserializer, &trace));
    read.map_err(|Wrong(what)| Found {
        what,
        path: trace.into_path(),
    })
}

#[cfg(test)]
mod tests;
