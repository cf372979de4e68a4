//! The row that counts the reads of a value.

use crate::{
    VaultError,
    fields::Fields,
    form::{Form, NoOlder},
    purpose::Purpose,
    ring::Ring,
    store::{RowAddress, Table},
};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
    wire::ReadId,
};
use std::time::Duration;

/// For how long a repeated read counts once: 60 seconds.
pub(crate) const REPEATABLE: Duration = Duration::from_secs(60);

pub(crate) fn address(ring: &Ring, token: &TokenId) -> RowAddress {
    ring.address(Table::Reads, &[token.expose_id().as_bytes()])
}

/// What names a read within its token: a tag over session and read id.
pub(crate) type ReadTag = [u8; 32];

pub(crate) fn tag(ring: &Ring, session: &SessionId, read: ReadId) -> ReadTag {
    let session = session.expose_id().as_bytes();
    ring.lookup()
        .tag(&[Purpose::Read.label(), session, read.as_bytes()])
}

#[derive(Default)]
pub(crate) struct ReadsRow {
    pub(crate) used: u32,
    /// The reads that may still be repeated.
    pub(crate) recent: Vec<(ReadTag, UnixMillis)>,
}

impl ReadsRow {
    /// Returns whether this is a read that was counted already.
    ///
    /// A clock that was set back makes no old read recent: none is repeatable for longer than [`REPEATABLE`].
    pub(crate) fn is_repeated(&self, tag: &ReadTag, now: UnixMillis) -> bool {
        self.recent
            .iter()
            .any(|(known, at)| known == tag && *at <= now && now.since(*at) < REPEATABLE)
    }

    /// Returns the row after one more read.
    pub(crate) fn with(mut self, tag: ReadTag, now: UnixMillis) -> Self {
        self.recent
            .retain(|(_, at)| *at <= now && now.since(*at) < REPEATABLE);
        self.recent.push((tag, now));
        self.used = self.used.saturating_add(1);
        self
    }
}

impl Form for ReadsRow {
    type Older = NoOlder;

    const VERSION: u8 = 1;

    fn encode(&self, out: &mut Vec<u8>) {
        out.reserve_exact(4 + 40 * self.recent.len());
        out.extend_from_slice(&self.used.to_be_bytes());
        for (tag, at) in &self.recent {
            out.extend_from_slice(tag);
            out.extend_from_slice(&at.get().to_be_bytes());
        }
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
        let used = fields.u32()?;
        let mut recent = Vec::new();
        while !fields.is_empty() {
            recent.push((fields.take()?, fields.time()?));
        }
        Ok(Self { used, recent })
    }

    fn upgrade(older: NoOlder) -> Self {
        match older {}
    }
}
