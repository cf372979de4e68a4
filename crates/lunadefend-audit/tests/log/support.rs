//! A log in memory that fails on demand.

use lunadefend_audit::{
    Act, Audit, AuditError, AuditKey, Beginning, Destination, Entry, Finding, Head, Item, Line,
    Options, Record, Report, Tail, Verifier, Who,
};
use lunadefend_core::provider::{SecretValue, TokenId};
use lunadefend_testing::TestClock;
use std::{
    io,
    sync::{Arc, Mutex},
};

pub(crate) fn key() -> AuditKey {
    AuditKey::from_secret(&SecretValue::new("5f0c".repeat(16)), "TEST_KEY").unwrap()
}

/// Takes the heads of a log.
pub(crate) type Heads = Arc<Mutex<Vec<Head>>>;

pub(crate) fn options(required: bool, heads: &Heads) -> Options {
    let heads = Arc::clone(heads);
    Options {
        required,
        clock: Arc::new(TestClock::new()),
        heads: Box::new(move |head| heads.lock().unwrap().push(head.clone())),
    }
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes it has room for; without a number, for all.
    pub(crate) room: Option<usize>,
    pub(crate) fails_to_sync: bool,
    pub(crate) syncs: usize,
    pub(crate) durable: usize,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(pub(crate) Arc<Mutex<Disk>>);

impl Memory {
    pub(crate) fn with_room(room: usize) -> Self {
        let memory = Self::default();
        memory.0.lock().unwrap().room = Some(room);
        memory
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().bytes.clone()
    }

    /// Begins a process on what is there.
    pub(crate) fn start(&self, required: bool, heads: &Heads) -> Result<Audit, AuditError> {
        Audit::start(
            key(),
            self.clone(),
            Tail::default(),
            options(required, heads),
        )
    }
}

impl Destination for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut disk = self.0.lock().unwrap();
        let room = disk.room.unwrap_or(usize::MAX);
        let taken = bytes.len().min(room);
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        disk.room = disk.room.map(|room| room - taken);
        disk.bytes.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        if disk.fails_to_sync {
            return Err(io::Error::other("the disk is broken"));
        }
        disk.syncs += 1;
        disk.durable = disk.bytes.len();
        Ok(())
    }
}

pub(crate) fn token() -> TokenId {
    TokenId::parse(lunadefend_testing::token(7).expose_id()).unwrap()
}

pub(crate) fn record(number: u64) -> Record {
    let names = key().names();
    Record {
        act: Act::Detokenize,
        by: Who::Frame,
        session: Some(names.session(&lunadefend_testing::session("a session"))),
        status: Some(200),
        request: Some(format!("request-{number}")),
        items: vec![Item {
            token: Some(names.token(&token())),
            ..Item::default()
        }],
    }
}

/// The requests of the acts of a log, and what was verified.
pub(crate) fn verify(
    files: &[&[u8]],
    beginning: Beginning,
    heads: &[Head],
) -> Result<(Vec<String>, Report), Finding> {
    let key = key();
    let mut requests = Vec::new();
    let mut verifier = Verifier::new(&key, beginning).with_heads(heads.iter().cloned());
    for file in files {
        verifier.file(*file, |_, line| requests.extend(request_of(line)))?;
    }
    Ok((requests, verifier.finish()?))
}

pub(crate) fn request_of(line: &Line) -> Option<String> {
    match &line.entry {
        Entry::Act(record) => record.request.clone(),
        _ => None,
    }
}
