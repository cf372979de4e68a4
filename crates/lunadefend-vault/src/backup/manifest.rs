//! What a backup says of itself.

use crate::store::Table;
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{hex, hex_decode};
use std::{collections::BTreeMap, fmt::Write};

/// What a backup says of itself. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// When it was begun, by the clock of the tokenizer.
    pub made_at: UnixMillis,
    /// The name of the store: 32 hexadecimal digits.
    pub store: String,
    /// The versions of the wrapping key. They are in the backup, under the master key of its time.
    pub wrapping_keys: Vec<u32>,
    /// The number of rows of each table that has any.
    pub rows: BTreeMap<Table, u64>,
    /// The number of parts of long values.
    pub parts: u64,
    /// The number of bytes of rows and parts, without their keys.
    pub bytes: u64,
    /// A tag under a key of the store.
    pub(super) tag: [u8; 32],
}

impl Manifest {
    /// Writes it as lines.
    pub(super) fn to_text(&self) -> String {
        let mut text = self.to_untagged_text();
        // A String takes everything.
        let _ = writeln!(text, "tag {}", hex(&self.tag));
        text
    }

    /// Writes all but the tag.
    pub(super) fn to_untagged_text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "made-at {}", self.made_at.get());
        let _ = writeln!(text, "store {}", self.store);
        for version in &self.wrapping_keys {
            let _ = writeln!(text, "wrapping-key {version}");
        }
        for (table, rows) in &self.rows {
            let _ = writeln!(text, "rows {} {rows}", table.name());
        }
        let _ = writeln!(text, "parts {}", self.parts);
        let _ = writeln!(text, "bytes {}", self.bytes);
        text
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut manifest = Self {
            made_at: UnixMillis::new(0),
            store: String::new(),
            wrapping_keys: Vec::new(),
            rows: BTreeMap::new(),
            parts: 0,
            bytes: 0,
            tag: [0; 32],
        };
        for line in text.lines() {
            match *line.split(' ').collect::<Vec<_>>() {
                ["made-at", at] => manifest.made_at = UnixMillis::new(at.parse().ok()?),
                ["store", name] => name.clone_into(&mut manifest.store),
                ["wrapping-key", version] => manifest.wrapping_keys.push(version.parse().ok()?),
                ["rows", name, rows] => {
                    let table = Table::ALL.into_iter().find(|table| table.name() == name)?;
                    manifest.rows.insert(table, rows.parse().ok()?);
                }
                ["parts", parts] => manifest.parts = parts.parse().ok()?,
                ["bytes", bytes] => manifest.bytes = bytes.parse().ok()?,
                ["tag", tag] => manifest.tag = hex_decode(tag)?.try_into().ok()?,
                _ => return None,
            }
        }
        // Nothing is left out, twice there or in another order.
        (manifest.to_text() == text).then_some(manifest)
    }
}
