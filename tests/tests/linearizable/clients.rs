//! Eight clients that use one token at once, through three vaults.

use crate::{
    history::{Record, Recorder},
    line::Line,
    specification::{Answer, Call, READS, SESSIONS},
};
use fastrand::Rng;
use futures_util::future::join_all;
use lunadefend_core::{
    SessionId,
    provider::{Clock, SecretValue, TokenId, UnixMillis},
    wire::{InlineValue, ReadId, Reads},
};
use lunadefend_tests::TestClock;
use lunadefend_vault::{Found, Tokenization, Tokenized, Vault, VaultError, store::StoreError};
use std::{sync::Arc, time::Duration};
use tokio::task::yield_now;

const CLIENTS: u8 = 8;
/// So few that the checker is done in no time.
const STEPS: u8 = 8;
const MINUTE: Duration = Duration::from_secs(60);

/// A process of the tokenizer.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) vault: Vault,
    /// Its line to the database, when it can fail.
    pub(crate) line: Option<Arc<Line>>,
}

/// A token whose use is recorded.
pub(crate) struct Scene {
    sessions: [SessionId; SESSIONS],
    token: TokenId,
    recorder: Recorder,
    seed: u64,
}

impl Scene {
    /// Makes a token that nobody is granted.
    pub(crate) async fn new(vault: &Vault, seed: u64) -> Arc<Self> {
        let value = InlineValue::new(SecretValue::new("078-05-1120")).unwrap();
        let asked = Tokenization {
            value: Some(&value),
            reads: Reads::new(READS),
            ..Tokenization::default()
        };
        let Tokenized::Stored(token) = vault.tokenize(&asked).await.unwrap() else {
            panic!("it has its value");
        };
        Arc::new(Self {
            sessions: ["ann", "bob"].map(|name| SessionId::new(name).unwrap()),
            token,
            recorder: Recorder::default(),
            seed,
        })
    }

    /// Lets the clients do what the seed says, and returns the record once all are done.
    pub(crate) async fn play(self: &Arc<Self>, processes: &[Process; 3], last: &Process) -> Record {
        let clients = (0..CLIENTS).map(|number| {
            let process = processes[usize::from(number) % 3].clone();
            tokio::spawn(Arc::clone(self).client(process, number))
        });
        for client in join_all(clients).await {
            client.unwrap();
        }
        for session in 0..SESSIONS {
            self.ask(last, Call::Verify { session }).await;
        }
        self.recorder.finish()
    }

    async fn client(self: Arc<Self>, process: Process, number: u8) {
        let mut rng = Rng::with_seed(self.seed * u64::from(CLIENTS) + u64::from(number));
        let mut repeat = None;
        for step in 0..STEPS {
            let call = repeat
                .take()
                .unwrap_or_else(|| any_call(&mut rng, number * STEPS + step));
            // Between its calls others are alone: what was always at once may be in any order.
            for _ in 0..rng.u8(..16) {
                yield_now().await;
            }
            let answer = self.ask(&process, call).await;
            // As the SDK does.
            repeat = match (call, answer) {
                (Call::Read { .. }, None) => Some(call),
                _ => None,
            };
        }
    }

    /// Asks, and records it.
    async fn ask(&self, process: &Process, call: Call) -> Option<Answer> {
        let lost = || process.line.as_ref().map_or(0, |line| line.lost());
        let before = lost();
        let number = self.recorder.call(call);
        let answer = self.answer(&process.vault, call).await;
        match answer {
            Ok(answer) => {
                self.recorder.answer(number, answer, lost() - before);
                Some(answer)
            }
            Err(
                VaultError::Conflict
                | VaultError::Store(StoreError::Unknown(_) | StoreError::Unavailable(_)),
            ) => {
                if let Some(line) = process.line.as_ref().filter(|_| call.writes()) {
                    line.mend();
                }
                None
            }
            Err(error) => panic!("{call:?}: {error:?}"),
        }
    }

    async fn answer(&self, vault: &Vault, call: Call) -> Result<Answer, VaultError> {
        let (sessions, token) = (&self.sessions, &self.token);
        Ok(match call {
            Call::Set { session, until } => {
                vault.grant(&sessions[session], token, until).await?;
                Answer::Done
            }
            Call::Verify { session } => {
                Answer::Grant(vault.grant_expiry(&sessions[session], token).await?)
            }
            Call::RevokeOne { session } => {
                vault.revoke_grant(&sessions[session], token).await?;
                Answer::Done
            }
            Call::RevokeAll => {
                // The row of the token lasts anyway.
                vault.revoke_token(token, start() + 60 * MINUTE).await?;
                Answer::Done
            }
            Call::Read { session, read } => {
                let (tokens, read) = ([token.clone()], ReadId::new([read; 16]));
                let found = vault.read_values(&sessions[session], &tokens, read, 1_000);
                match &found.await?[..] {
                    [Found::Value { .. }] => Answer::Value,
                    [Found::Refused] => Answer::Refused,
                    found => panic!("{found:?}"),
                }
            }
        })
    }
}

fn any_call(rng: &mut Rng, read: u8) -> Call {
    let session = rng.usize(..SESSIONS);
    match rng.u8(..12) {
        0..3 => {
            // Hardly two are the same, so that an answer tells which one it is about.
            let until = start() + 10 * MINUTE + rng.u32(..1_000) * MINUTE;
            Call::Set { session, until }
        }
        3..8 => Call::Verify { session },
        8 => Call::RevokeOne { session },
        9 => Call::RevokeAll,
        _ => Call::Read { session, read },
    }
}

/// The time, which stands still.
fn start() -> UnixMillis {
    UnixMillis::from(TestClock::new().now())
}
