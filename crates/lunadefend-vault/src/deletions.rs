//! The list of deletions, which is kept outside the store: what a backup still has and must not come back.

mod file;

pub use file::{DeletionList, DeletionListError};

use crate::{
    delete::TokenRows,
    purpose::Purpose,
    ring::Ring,
    store::{RowAddress, RowKey, Table},
};
use lunadefend_core::provider::UnixMillis;
use lunadefend_crypto::{hex, hex_decode};

/// What each line begins with: the number of its form.
const FORM: &str = "1";

/// The longest line, with its end.
pub(crate) const MAX_LINE: u64 = 512;

/// A deletion, as it is listed. It names the rows of the token, by keys that reveal nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// When.
    pub(crate) at: UnixMillis,
    /// Until when the store keeps a mark of it.
    pub(crate) remembered_until: UnixMillis,
    pub(crate) rows: TokenRows,
}

impl Deletion {
    /// Writes the line, with its end: form, both times, the three keys, and a tag under a key of the store, so that a
    /// line of another store, or a damaged one, is told from a good one.
    pub(crate) fn to_line(self, ring: &Ring) -> String {
        let text = self.text();
        format!("{text} {}\n", hex(&tag(ring, &text)))
    }

    /// Reads a line without its end; `None` when this store did not write it.
    pub(crate) fn read(line: &str, ring: &Ring) -> Option<Self> {
        let mut words = line.split(' ');
        if words.next()? != FORM {
            return None;
        }
        let mut time = || words.next()?.parse().ok().map(UnixMillis::new);
        let (at, remembered_until) = (time()?, time()?);
        let mut key = |table| {
            let key = hex_decode(words.next()?)?.try_into().ok()?;
            let key = RowKey::new(key);
            Some(RowAddress { table, key })
        };
        let read = Self {
            at,
            remembered_until,
            rows: TokenRows {
                token: key(Table::Token)?,
                value: key(Table::Value)?,
                reads: key(Table::Reads)?,
            },
        };
        let right = read.to_line(ring);
        lunadefend_crypto::constant_time_eq(right.trim_end().as_bytes(), line.as_bytes())
            .then_some(read)
    }

    fn text(self) -> String {
        let TokenRows {
            token,
            value,
            reads,
        } = self.rows;
        let keys = [token, value, reads].map(|at| hex(at.key.as_bytes()));
        format!(
            "{FORM} {} {} {}",
            self.at.get(),
            self.remembered_until.get(),
            keys.join(" ")
        )
    }
}

fn tag(ring: &Ring, text: &str) -> [u8; 32] {
    let label = Purpose::Deletion.label();
    ring.lookup().tag(&[label, text.as_bytes()])
}
