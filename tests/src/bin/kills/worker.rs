//! One who does everything, one thing after the other: what it asks about, nobody else does.

mod grants;
mod one_time;
mod transfers;
mod values;

use crate::{
    ledger::{Fault, Outcome, Tally},
    processes::Processes,
};
use anyhow::Result;
use fastrand::Rng;
use lunadefend::SessionId;
use lunadefend_crypto::base64url;
use one_time::OneTime;
use std::{
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::mpsc::UnboundedSender, time::sleep};
use transfers::Moved;
use values::Kept;

/// Steps until a worker is warm.
const WARM: u32 = 10;
/// How many steps somebody does in one session.
const STEPS_PER_SESSION: u32 = 20;
/// The pause after a request without an answer: there is nobody, most likely.
const PAUSE: Duration = Duration::from_millis(50);
/// How many faults of a worker are said one by one.
const SAID: u64 = 10;
/// How often something is asked that must be answered now.
const ATTEMPTS: u32 = 5;

/// A session of the application, and a JWT that acts for it.
#[derive(Clone)]
struct Visitor {
    session: SessionId,
    jwt: Arc<str>,
}

pub(crate) struct Worker {
    /// Its name, in session ids.
    name: String,
    processes: Arc<Processes>,
    rng: Rng,
    sessions: u32,
    visitor: Visitor,
    /// Somebody whom the application lets see values of others.
    friend: Visitor,
    tally: Tally,
    values: Vec<Kept>,
    one_time: Vec<OneTime>,
    moved: Vec<Moved>,
}

impl Worker {
    pub(crate) async fn new(processes: Arc<Processes>, seed: u64, number: u64) -> Result<Self> {
        let name = format!("kills-{seed}-{number}");
        let visitor = visitor_of(&processes, &format!("{name}-0")).await?;
        let friend = visitor_of(&processes, &format!("{name}-friend")).await?;
        Ok(Self {
            name,
            processes,
            rng: Rng::with_seed(seed.wrapping_add(number)),
            sessions: 0,
            visitor,
            friend,
            tally: Tally::default(),
            values: Vec::new(),
            one_time: Vec::new(),
            moved: Vec::new(),
        })
    }

    /// Works until it is told to stop, and says once that it is warm.
    pub(crate) async fn work(
        mut self,
        stop: Arc<AtomicBool>,
        warm: UnboundedSender<()>,
    ) -> Result<Self> {
        let mut steps = 0;
        while !stop.load(Ordering::Relaxed) {
            if steps % STEPS_PER_SESSION == 0 {
                let session = self.new_session();
                self.visitor = visitor_of(&self.processes, &session).await?;
            }
            match self.rng.u8(..100) {
                0..25 => self.store().await,
                25..30 => self.store_long().await,
                30..55 => self.read_one().await,
                55..80 => self.change_grants().await?,
                80..90 => self.read_once().await,
                _ => self.transfer().await?,
            }
            steps += 1;
            if steps == WARM {
                // Nobody listens any more when it is told to stop before all are warm.
                let _ = warm.send(());
            }
        }
        Ok(self)
    }

    /// Looks at all that was acknowledged once more, now that every process is up.
    pub(crate) async fn check(mut self) -> Result<Tally> {
        for kept in std::mem::take(&mut self.values) {
            self.check_value(&kept).await;
            self.check_grant(&kept).await?;
        }
        for once in std::mem::take(&mut self.one_time) {
            self.check_one_time(once).await;
        }
        for moved in std::mem::take(&mut self.moved) {
            self.check_transfer(moved).await;
        }
        Ok(self.tally)
    }

    /// The id of a session that nobody had.
    fn new_session(&mut self) -> String {
        self.sessions += 1;
        format!("{}-{}", self.name, self.sessions)
    }

    /// 16 bytes, as the tokenizer wants ids and keys.
    fn new_id(&mut self) -> String {
        base64url(&self.rng.u128(..).to_be_bytes())
    }

    /// Counts a request, and says it when its answer is wrong.
    #[expect(clippy::print_stderr, reason = "a program says what it finds")]
    fn counted<T>(&mut self, outcome: Outcome<T>) -> Outcome<T> {
        self.tally.count(&outcome);
        if let Outcome::Wrong(text) = &outcome
            && self.tally.faults() <= SAID
        {
            eprintln!("wrong: {text}");
        }
        outcome
    }

    /// Counts what is wrong with what was seen, and says it.
    #[expect(clippy::print_stderr, reason = "a program says what it finds")]
    fn judged(&mut self, fault: Option<Fault>, what: impl Display) {
        let Some(fault) = fault else {
            return;
        };
        self.tally.fault(fault);
        if self.tally.faults() <= SAID {
            match fault {
                Fault::Lost => eprintln!("lost: {what}"),
                Fault::Twice => eprintln!("twice: {what}"),
            }
        }
    }

    /// Waits a little after a request that nobody answered.
    async fn pause_after<T>(&self, outcome: &Outcome<T>) {
        if outcome.is_unanswered() {
            sleep(PAUSE).await;
        }
    }
}

async fn visitor_of(processes: &Processes, session: &str) -> Result<Visitor> {
    let session = SessionId::new(session)?;
    let jwt = processes.keys().user(&session).await?;
    Ok(Visitor {
        session,
        jwt: jwt.expose_secret().into(),
    })
}
