//! Values of one read, which two ask for at once at two processes.

use super::{
    ATTEMPTS, Visitor, Worker,
    values::{Bytes, Found, find},
};
use crate::{
    ledger::{Fault, Once, Outcome},
    processes::{Process, Processes},
};
use lunadefend::VerifiedToken;
use lunadefend_crypto::base64;
use serde_json::json;

/// How many ask for it first.
const READERS: usize = 2;
/// The one who comes at the end.
const LATE: usize = READERS + 1;

/// A value of one read.
pub(super) struct OneTime {
    visitor: Visitor,
    token: VerifiedToken,
    bytes: Bytes,
    once: Once,
    /// The reads, by the numbers of who does them.
    read_ids: [String; LATE + 1],
}

impl OneTime {
    async fn read(
        &self,
        processes: &Processes,
        process: &Process,
        reader: usize,
    ) -> Outcome<Vec<u8>> {
        let read_id = &self.read_ids[reader];
        let found = find(processes, process, &self.visitor, &self.token, read_id);
        found.await.and_then(Found::value)
    }
}

impl Worker {
    /// Stores a value of one read, and lets two read it at once. Who got it may repeat the read; a third may not.
    pub(super) async fn read_once(&mut self) {
        let bytes = Bytes::small(&mut self.rng);
        let body = json!({ "value": base64(&bytes.make()), "reads": 1 });
        let Some(made) = self.new_token(&body).await else {
            return;
        };
        let Ok(token) = VerifiedToken::assertion(made.token_id.expose_id()) else {
            return;
        };
        let mut one_time = OneTime {
            visitor: self.visitor.clone(),
            token,
            bytes,
            once: Once::default(),
            read_ids: std::array::from_fn(|_| self.new_id()),
        };
        let processes = self.processes.clone();
        let [first, second] = processes.two(&mut self.rng);
        let reads = tokio::join!(
            one_time.read(&processes, first, 0),
            one_time.read(&processes, second, 1)
        );
        self.took(&mut one_time, 0, reads.0);
        self.took(&mut one_time, 1, reads.1);
        // A lost answer may be asked for again, and so may one that was not lost.
        for reader in 0..=READERS {
            let process = processes.any(&mut self.rng);
            let read = one_time.read(&processes, process, reader).await;
            self.pause_after(&read).await;
            self.took(&mut one_time, reader, read);
        }
        let fault = one_time.once.judge();
        self.judged(fault, "a value of one read, which all were refused");
        self.one_time.push(one_time);
    }

    /// The last look at a value of one read: it is gone if somebody got it.
    pub(super) async fn check_one_time(&mut self, mut one_time: OneTime) {
        let processes = self.processes.clone();
        let mut read = Outcome::Unknown;
        for _ in 0..ATTEMPTS {
            let process = processes.any(&mut self.rng);
            read = one_time.read(&processes, process, LATE).await;
            if !read.is_unanswered() {
                break;
            }
        }
        let fault = read.is_unanswered().then_some(Fault::Lost);
        self.judged(
            fault,
            "at the end, a value of one read, which nobody answers",
        );
        self.took(&mut one_time, LATE, read);
        self.tally.one_time += 1;
    }

    fn took(&mut self, one_time: &mut OneTime, reader: usize, read: Outcome<Vec<u8>>) {
        let read = self.counted(read);
        let number = u32::try_from(reader).unwrap_or(u32::MAX);
        let fault = one_time.once.tried(number, &read);
        self.judged(fault, "a value of one read");
        let is_other = read
            .done()
            .is_some_and(|value| value != one_time.bytes.make());
        self.judged(
            is_other.then_some(Fault::Lost),
            "a value of one read, which came back as another",
        );
    }
}
