//! How much a session, an address and all together may ask for in a time.
//!
//! Counts are of this process, and gone with it.

mod rate;
mod rule;

pub(crate) use rate::Rate;
pub(crate) use rule::{OverRate, Rule};

use crate::{Limits, client_addr::AddrGroup};
use lunadefend_core::SessionId;
use lunadefend_crypto::sha256;
use lunadefend_vault::Timer;
use std::{hash::Hash, num::NonZeroU32, sync::Arc};

/// A session, in 16 bytes: the store of counts must not hold session ids, nor grow with their lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SessionKey([u8; 16]);

impl SessionKey {
    fn of(session: &SessionId) -> Self {
        let hash = sha256(session.expose_id().as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash[..16]);
        Self(key)
    }
}

/// All rates of one tokenizer.
#[derive(Debug)]
pub(crate) struct Rates {
    session_requests: Option<Rate<SessionKey>>,
    session_reads: Option<Rate<SessionKey>>,
    reads: Option<Rate<()>>,
    refusals: Option<Rate<AddrGroup>>,
}

impl Rates {
    pub(crate) fn new(limits: &Limits, timer: &Arc<dyn Timer>) -> Self {
        Self {
            session_requests: rate(Rule::SessionRequests, limits.session_requests, timer),
            session_reads: rate(Rule::SessionReads, limits.session_reads, timer),
            reads: rate(Rule::Reads, limits.reads, timer),
            refusals: rate(Rule::Refusals, limits.refusals, timer),
        }
    }

    /// Counts a request with a session's cookie.
    pub(crate) fn session_request(&self, session: &SessionId) -> Result<(), OverRate> {
        count(
            self.session_requests.as_ref(),
            || SessionKey::of(session),
            NonZeroU32::MIN,
        )
    }

    /// Counts so many values that a session asks for, if it may have them all.
    ///
    /// # Security
    /// It counts what is asked for, whether or not there is a grant: who tries all tokens reads them, too.
    pub(crate) fn read(&self, session: &SessionId, values: usize) -> Result<(), OverRate> {
        let values = u32::try_from(values).unwrap_or(u32::MAX);
        let Some(values) = NonZeroU32::new(values) else {
            return Ok(());
        };
        count(
            self.session_reads.as_ref(),
            || SessionKey::of(session),
            values,
        )?;
        count(self.reads.as_ref(), || (), values)
    }

    /// Counts a refusal of somebody in a group of addresses.
    pub(crate) fn refusal(&self, from: AddrGroup) -> Result<(), OverRate> {
        count(self.refusals.as_ref(), || from, NonZeroU32::MIN)
    }
}

fn rate<K: Hash + Eq + Clone>(
    rule: Rule,
    limit: Option<NonZeroU32>,
    timer: &Arc<dyn Timer>,
) -> Option<Rate<K>> {
    limit.map(|limit| Rate::new(rule, limit, Arc::clone(timer)))
}

fn count<K: Hash + Eq + Clone>(
    rate: Option<&Rate<K>>,
    key: impl FnOnce() -> K,
    number: NonZeroU32,
) -> Result<(), OverRate> {
    rate.map_or(Ok(()), |rate| rate.count(key(), number))
}
