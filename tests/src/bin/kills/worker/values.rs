//! Values that are stored at one process and read at another.

use super::{ATTEMPTS, Visitor, Worker};
use crate::{
    ledger::{Fault, Outcome, Standing, judge_read},
    processes::{Process, Processes},
};
use fastrand::Rng;
use lunadefend::VerifiedToken;
use lunadefend_core::wire::{NewValueToken, SignedLocation, ValueItem, ValuesFound};
use lunadefend_crypto::base64;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The longest small value: it comes with the request.
const SMALL: usize = 2000;
/// A value that has a URL of its own, and four parts in the store.
const LONG: usize = 200 * 1024;

/// Bytes that are made again in place of being kept.
#[derive(Clone, Copy)]
pub(super) struct Bytes {
    seed: u64,
    length: usize,
}

impl Bytes {
    pub(super) fn new(rng: &mut Rng, length: usize) -> Self {
        Self {
            seed: rng.u64(..),
            length,
        }
    }

    pub(super) fn small(rng: &mut Rng) -> Self {
        let length = rng.usize(..=SMALL);
        Self::new(rng, length)
    }

    pub(super) fn make(self) -> Vec<u8> {
        let mut bytes = vec![0; self.length];
        Rng::with_seed(self.seed).fill(&mut bytes);
        bytes
    }
}

/// A value that was stored, or may have been.
pub(super) struct Kept {
    pub(super) token: VerifiedToken,
    bytes: Bytes,
    /// Whether it was acknowledged.
    acknowledged: bool,
    pub(super) owner: (Visitor, Standing),
    /// Somebody whom the application lets see it.
    pub(super) friend: (Visitor, Standing),
}

impl Worker {
    /// Stores a small value.
    pub(super) async fn store(&mut self) {
        let bytes = Bytes::small(&mut self.rng);
        let body = json!({ "value": base64(&bytes.make()), "metadata": { "dataType": "string" } });
        if let Some(made) = self.new_token(&body).await {
            self.keep(&made, bytes, true);
        }
    }

    /// Stores a long one: its token is made at one process, and its value sent to another.
    pub(super) async fn store_long(&mut self) {
        let bytes = Bytes::new(&mut self.rng, LONG);
        let Some(made) = self.new_token(&json!({})).await else {
            return;
        };
        let Some(SignedLocation { url, .. }) = &made.upload else {
            self.counted(Outcome::<()>::Wrong("no upload URL for a value".to_owned()));
            return;
        };
        let process = self.processes.any(&mut self.rng);
        let sent = self.processes.put(process, url, bytes.make()).await;
        let acknowledged = self.counted(sent) == Outcome::Done(());
        self.keep(&made, bytes, acknowledged);
    }

    /// Reads a value that is there.
    pub(super) async fn read_one(&mut self) {
        let Some(kept) = self.take() else {
            return self.store().await;
        };
        for (visitor, standing) in [&kept.owner, &kept.friend] {
            let read = self.read(visitor, &kept.token).await;
            let fault = judge_read(*standing, kept.acknowledged, &kept.bytes.make(), &read);
            self.judged(
                fault,
                format_args!("a value of {} bytes", kept.bytes.length),
            );
        }
        self.values.push(kept);
    }

    /// The last look at a value: whoever may read it gets it.
    pub(super) async fn check_value(&mut self, kept: &Kept) {
        let expected = kept.bytes.make();
        for (visitor, standing) in [&kept.owner, &kept.friend] {
            let mut read = Outcome::Unknown;
            for _ in 0..ATTEMPTS {
                read = self.read(visitor, &kept.token).await;
                if !read.is_unanswered() {
                    break;
                }
            }
            let fault = match read.is_unanswered() {
                true => Some(Fault::Lost),
                false => judge_read(*standing, kept.acknowledged, &expected, &read),
            };
            self.judged(
                fault,
                format_args!("at the end, a value of {} bytes", kept.bytes.length),
            );
        }
        self.tally.values += 1;
    }

    /// Any value that is there.
    pub(super) fn take(&mut self) -> Option<Kept> {
        let count = self.values.len();
        (count > 0).then(|| self.values.swap_remove(self.rng.usize(..count)))
    }

    fn keep(&mut self, made: &NewValueToken, bytes: Bytes, acknowledged: bool) {
        let Ok(token) = VerifiedToken::assertion(made.token_id.expose_id()) else {
            return;
        };
        self.values.push(Kept {
            token,
            bytes,
            acknowledged,
            owner: (self.visitor.clone(), Standing::new(true)),
            friend: (self.friend.clone(), Standing::new(false)),
        });
    }

    /// Makes a token, as often as nobody answers: the key of the request makes one token of all.
    pub(super) async fn new_token(&mut self, body: &Value) -> Option<NewValueToken> {
        let key = self.new_id();
        let mut made = None;
        for _ in 0..ATTEMPTS {
            let outcome = self.ask_for_token(&key, body).await;
            self.pause_after(&outcome).await;
            if !outcome.is_unanswered() {
                made = outcome.done();
                break;
            }
        }
        let made = made?;
        if self.rng.u8(..4) == 0 {
            let again = self.ask_for_token(&key, body).await.done();
            let is_other = again.is_some_and(|again| again.token_id != made.token_id);
            self.judged(is_other.then_some(Fault::Twice), "a token of one key");
        }
        Some(made)
    }

    async fn ask_for_token(&mut self, key: &str, body: &Value) -> Outcome<NewValueToken> {
        let (process, jwt) = (self.processes.any(&mut self.rng), &self.visitor.jwt);
        let path = "/v2/tokenize";
        let answer = self.processes.post(process, jwt, path, Some(key), body);
        let outcome = answer.await.and_then(|data| parsed(data, path));
        self.counted(outcome)
    }

    /// Reads a value for somebody, by a read that nobody did before.
    async fn read(&mut self, visitor: &Visitor, token: &VerifiedToken) -> Outcome<Vec<u8>> {
        let read_id = self.new_id();
        let process = self.processes.any(&mut self.rng);
        let found = find(&self.processes, process, visitor, token, &read_id).await;
        match self.counted(found) {
            Outcome::Done(Found::At(url)) => {
                let process = self.processes.any(&mut self.rng);
                let got = self.processes.get(process, &url).await;
                self.counted(got)
            }
            found => found.and_then(Found::value),
        }
    }
}

/// What a process says of a value.
pub(super) enum Found {
    Value(Vec<u8>),
    /// It has a URL.
    At(String),
}

impl Found {
    /// The value, where it must be short.
    pub(super) fn value(self) -> Outcome<Vec<u8>> {
        match self {
            Self::Value(value) => Outcome::Done(value),
            Self::At(_) => Outcome::Wrong("a small value has a URL".to_owned()),
        }
    }
}

/// Asks a process for a value.
pub(super) async fn find(
    processes: &Processes,
    process: &Process,
    visitor: &Visitor,
    token: &VerifiedToken,
    read_id: &str,
) -> Outcome<Found> {
    let path = "/v2/detokenize";
    let body = json!({ "tokenIds": [token.expose_id()], "readId": read_id });
    let answer = processes.post(process, &visitor.jwt, path, None, &body);
    let found = answer.await.and_then(|data| parsed(data, path));
    found.and_then(|ValuesFound { items }| {
        let [item] = &items[..] else {
            return Outcome::Wrong("a read has another number of items".to_owned());
        };
        if item.token_id().expose_id() != token.expose_id() {
            return Outcome::Wrong("a read has the value of another token".to_owned());
        }
        match item {
            ValueItem::Inline { value, .. } => {
                let value = value.clone().into_value();
                Outcome::Done(Found::Value(value.expose_secret().to_vec()))
            }
            ValueItem::Download { download, .. } => Outcome::Done(Found::At(download.url.clone())),
            ValueItem::Refused { .. } => Outcome::Refused,
        }
    })
}

fn parsed<T: DeserializeOwned>(data: Value, path: &str) -> Outcome<T> {
    match serde_json::from_value(data) {
        Ok(parsed) => Outcome::Done(parsed),
        Err(_) => Outcome::Wrong(format!("{path} answers something else")),
    }
}
