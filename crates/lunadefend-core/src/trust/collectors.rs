//! Collectors for the first pass over a value: they gather each distinct token once, up to a limit.

use crate::{
    Error, GrantDuration, Grants, UntrustedToken, VerifiedToken,
    grants::{too_many_to_grant, too_many_to_verify},
    provider::{GrantRequest, TokenId},
    trust::Grant,
};
use std::{collections::HashSet, fmt, hash::Hash, num::NonZeroUsize};

/// Collects the distinct untrusted tokens of a value, in the order of first appearance.
#[derive(Default)]
pub struct VerifyCollector {
    ids: Distinct<TokenId>,
}

impl VerifyCollector {
    pub(crate) fn new(max_tokens: NonZeroUsize) -> Self {
        Self {
            ids: Distinct::new(max_tokens),
        }
    }

    /// Adds one token.
    pub fn token(&mut self, token: &UntrustedToken) {
        self.ids.add(token.id());
    }

    pub(crate) fn into_ids(self) -> Result<Vec<TokenId>, Error> {
        self.ids
            .items
            .map_err(|TooMany(max)| too_many_to_verify(max))
    }
}

impl fmt::Debug for VerifyCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyCollector")
            .field("tokens", &self.ids.seen.len())
            .finish()
    }
}

/// Collects the verified tokens of a value, with the duration to grant each of them for.
#[derive(Default)]
pub struct GrantCollector {
    requests: Distinct<GrantRequest>,
    default: Option<GrantDuration>,
}

impl GrantCollector {
    pub(crate) fn new(max_tokens: NonZeroUsize, default: Option<GrantDuration>) -> Self {
        Self {
            requests: Distinct::new(max_tokens),
            default,
        }
    }

    /// Adds one token. Without a `duration` it gets the duration of the call, or else the tokenizer's
    /// default.
    pub fn token(&mut self, token: &VerifiedToken, duration: Option<GrantDuration>) {
        let request = GrantRequest::new(token.id().clone(), duration.or(self.default));
        self.requests.add(&request);
    }

    /// Adds all tokens of `value`, with `duration` for tokens without their own.
    pub fn with_duration<T: Grant>(&mut self, value: &T, duration: GrantDuration) {
        let outer = self.default.replace(duration);
        value.collect(self);
        self.default = outer;
    }

    pub(crate) fn into_requests(self) -> Result<Vec<GrantRequest>, Error> {
        let requests = self.requests.items;
        requests.map_err(|TooMany(max)| too_many_to_grant(max))
    }
}

impl fmt::Debug for GrantCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantCollector")
            .field("tokens", &self.requests.seen.len())
            .finish()
    }
}

/// Distinct items in the order of first appearance; emptied when the limit is exceeded.
struct Distinct<T> {
    seen: HashSet<T>,
    items: Result<Vec<T>, TooMany>,
    max: NonZeroUsize,
}

struct TooMany(NonZeroUsize);

impl<T: Clone + Eq + Hash> Distinct<T> {
    fn new(max: NonZeroUsize) -> Self {
        Self {
            seen: HashSet::new(),
            items: Ok(Vec::new()),
            max,
        }
    }

    fn add(&mut self, item: &T) {
        let Ok(items) = &mut self.items else { return };
        // Each growth hashes all of them again.
        if self.seen.len() == self.seen.capacity() {
            self.seen.reserve(7 * self.seen.len());
        }
        if !self.seen.insert(item.clone()) {
            return;
        }
        if items.len() == self.max.get() {
            self.items = Err(TooMany(self.max));
            return;
        }
        items.push(item.clone());
    }
}

impl<T: Clone + Eq + Hash> Default for Distinct<T> {
    fn default() -> Self {
        Self::new(Grants::MAX_TOKENS)
    }
}
