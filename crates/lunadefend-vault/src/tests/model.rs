//! Random histories of grants and values and their ends, beside a model of a few lines.

use super::*;
use proptest::{collection::vec, prelude::*};
use std::collections::{HashMap, HashSet};

const SESSIONS: u8 = 2;
const TOKENS: u8 = 5;
/// The vault knows nothing of it.
const UNKNOWN: u8 = 0;
/// Its value may be read twice.
const COUNTED: u8 = 3;
const READS: usize = 2;
/// Its value expires after [`LIFETIME`]; all others have an upload URL.
const EXPIRING: u8 = 4;
const LIFETIME: Duration = Duration::from_secs(3);
/// The longest grant, and how long the ends of grants are remembered.
const LONGEST: u64 = 1_000;
const MEMORY: u64 = LONGEST + 1;

#[derive(Clone, Debug)]
enum Step {
    Set { session: u8, of: u8, lasts: u64 },
    RevokeOne { session: u8, of: u8 },
    RevokeAll { of: u8 },
    Delete { tokens: Vec<u8> },
    Upload { of: u8 },
    EndSession { session: u8 },
    Read { session: u8, id: u8 },
    Wait { millis: u64 },
    Purge,
}

fn step() -> impl Strategy<Value = Step> {
    let (session, token) = (0..SESSIONS, 0..TOKENS);
    prop_oneof![
        4 => (session.clone(), token.clone(), 1..=LONGEST)
            .prop_map(|(session, token, lasts)| Step::Set { session, of: token, lasts }),
        2 => (session.clone(), token.clone())
            .prop_map(|(session, token)| Step::RevokeOne { session, of: token }),
        1 => session.clone().prop_map(|session| Step::EndSession { session }),
        3 => (session, 0..4_u8).prop_map(|(session, id)| Step::Read { session, id }),
        2 => token.clone().prop_map(|token| Step::RevokeAll { of: token }),
        1 => vec(token.clone(), 1..3).prop_map(|tokens| Step::Delete { tokens }),
        1 => token.prop_map(|token| Step::Upload { of: token }),
        3 => (1..LONGEST).prop_map(|millis| Step::Wait { millis }),
        1 => Just(Step::Purge),
    ]
}

/// What a reader of the documentation expects.
#[derive(Default)]
struct Model {
    grants: HashMap<(u8, u8), UnixMillis>,
    values: HashSet<u8>,
    /// Tokens whose upload URL is of no use any more.
    closed: HashSet<u8>,
    /// Until when the vault remembers that a token was deleted.
    deleted: HashMap<u8, UnixMillis>,
    /// Until when it remembers that a session has ended.
    ended: HashMap<u8, UnixMillis>,
    /// Who has read the value whose reads are counted, by which read.
    reads: HashSet<(u8, u8)>,
}

impl Model {
    fn apply(&mut self, step: &Step, now: UnixMillis) {
        match step {
            Step::Set {
                session,
                of: token,
                lasts,
            } if !self.deleted.contains_key(token) => {
                let until = now + Duration::from_millis(*lasts);
                let held = self.grants.entry((*session, *token)).or_insert(until);
                *held = until.max(*held);
            }
            Step::RevokeOne { session, of: token } => drop(self.grants.remove(&(*session, *token))),
            Step::RevokeAll { of: token } => self.grants.retain(|(_, other), _| other != token),
            Step::Delete { tokens } => {
                self.grants.retain(|(_, token), _| !tokens.contains(token));
                self.values.retain(|token| !tokens.contains(token));
                self.closed.extend(tokens);
                for token in tokens {
                    let until = now + Duration::from_millis(MEMORY);
                    self.deleted.entry(*token).or_insert(until);
                }
            }
            Step::Upload { of: token }
                if (UNKNOWN + 1..COUNTED).contains(token) && !self.closed.contains(token) =>
            {
                self.values.insert(*token);
            }
            Step::EndSession { session } => {
                let until = now + Duration::from_millis(MEMORY);
                let held = self.ended.entry(*session).or_insert(until);
                *held = until.max(*held);
            }
            Step::Purge => {
                self.deleted.retain(|_, until| now < *until);
                self.ended.retain(|_, until| now < *until);
            }
            Step::Set { .. } | Step::Upload { .. } | Step::Read { .. } | Step::Wait { .. } => {}
        }
    }

    /// Until when a session holds a grant of a token.
    fn granted(&self, session: u8, token: u8, now: UnixMillis) -> Option<UnixMillis> {
        // Deleted and forgotten, it is one that nobody knows.
        let is_known = !self.closed.contains(&token);
        let has_expired = token == EXPIRING && is_known && now >= START + LIFETIME;
        let counts = !has_expired && !self.ended.contains_key(&session);
        let held = self.grants.get(&(session, token)).copied();
        held.filter(|until| now < *until && counts)
    }

    /// Whether the session gets the value whose reads are counted. Nobody waits here for as long as a read can be
    /// repeated.
    fn read(&mut self, session: u8, id: u8, now: UnixMillis) -> bool {
        if self.granted(session, COUNTED, now).is_none() || self.closed.contains(&COUNTED) {
            return false;
        }
        if self.reads.len() < READS {
            self.reads.insert((session, id));
        }
        self.reads.contains(&(session, id))
    }
}

/// The vault and its tokens.
struct Real {
    world: World,
    new: Vec<NewToken>,
    tokens: Vec<TokenId>,
}

impl Real {
    async fn new() -> Self {
        let world = World::new().await;
        let (mut new, mut tokens) = (Vec::new(), vec![some_token()]);
        while tokens.len() < usize::from(COUNTED) {
            let made = world.vault.create_token(None, None).await.unwrap();
            tokens.push(made.token.clone());
            new.push(made);
        }
        let value = inline("value");
        for (reads, expires_in) in [
            (Reads::new(u32::try_from(READS).unwrap()), None),
            (None, ValueLifetime::new(LIFETIME)),
        ] {
            let asked = Tokenization {
                value: Some(&value),
                reads,
                expires_in,
                ..Tokenization::default()
            };
            let Tokenized::Stored(token) = world.vault.tokenize(&asked).await.unwrap() else {
                panic!("it has its value");
            };
            tokens.push(token);
        }
        Self { world, new, tokens }
    }

    fn token(&self, token: u8) -> &TokenId {
        &self.tokens[usize::from(token)]
    }

    async fn apply(&self, step: &Step, now: UnixMillis) -> Result<(), VaultError> {
        let vault = &self.world.vault;
        let memory = now + Duration::from_millis(MEMORY);
        match step {
            Step::Set {
                session,
                of: token,
                lasts,
            } => {
                let until = now + Duration::from_millis(*lasts);
                vault
                    .grant(&named(*session), self.token(*token), until)
                    .await
            }
            Step::RevokeOne { session, of: token } => {
                let token = self.token(*token);
                vault.revoke_grant(&named(*session), token).await
            }
            Step::RevokeAll { of: token } => vault.revoke_token(self.token(*token), memory).await,
            Step::Delete { tokens } => {
                let tokens: Vec<_> = tokens.iter().map(|at| self.token(*at).clone()).collect();
                vault.delete_tokens(&tokens, memory).await
            }
            Step::Upload { of: token } => {
                // A URL that is spent or unknown is no news.
                let new = usize::from(*token).checked_sub(1);
                if let Some(new) = new.and_then(|at| self.new.get(at))
                    && let Ok(mut upload) = vault.begin_upload(&new.upload, MAX).await
                {
                    upload.write("value".into()).await.unwrap();
                    upload.commit().await.unwrap();
                }
                Ok(())
            }
            Step::Wait { millis } => {
                self.world.clock.advance(Duration::from_millis(*millis));
                Ok(())
            }
            Step::EndSession { session } => vault.end_session(&named(*session), memory).await,
            Step::Read { .. } => Ok(()),
            Step::Purge => vault.purge_expired().await.map(drop),
        }
    }

    async fn read(&self, session: u8, id: u8) -> bool {
        let tokens = [self.token(COUNTED).clone()];
        let (session, read) = (named(session), ReadId::new([id; 16]));
        let found = self.world.vault.read_values(&session, &tokens, read, 100);
        matches!(found.await.unwrap()[..], [Found::Value { .. }])
    }

    async fn compare(&self, model: &Model) {
        let (vault, now) = (&self.world.vault, self.world.vault.now());
        for (number, token) in (0..).zip(&self.tokens) {
            for by in 0..SESSIONS {
                let held = vault.grant_expiry(&named(by), token).await.unwrap();
                let expected = model.granted(by, number, now);
                assert_eq!(held, expected, "session {by}, token {number}");
            }
            // That would be a read of what is counted.
            if number == COUNTED {
                continue;
            }
            let issued = vault.issue_download(&named(0), token, now).await.unwrap();
            let has_value = match number {
                EXPIRING => now < START + LIFETIME && !model.closed.contains(&number),
                _ => model.values.contains(&number),
            };
            assert_eq!(issued.is_some(), has_value, "token {number}");
        }
    }
}

fn named(number: u8) -> SessionId {
    session(&format!("session-{number}"))
}

proptest! {
    // More by PROPTEST_CASES, as `cargo xtask soak --long histories` does.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(512)))]

    #[test]
    fn every_history_ends_as_the_model_says(steps in vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (real, mut model) = (Real::new().await, Model::default());
            for step in &steps {
                let now = real.world.vault.now();
                real.apply(step, now).await.unwrap();
                model.apply(step, now);
                if let Step::Read { session, id } = *step {
                    assert_eq!(real.read(session, id).await, model.read(session, id, now));
                }
                real.compare(&model).await;
            }
        });
    }
}
