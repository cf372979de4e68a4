//! Tokenizers on one store that are killed, and started again, while they are used: nothing that one of them
//! acknowledged may be lost, and nothing that is for one may be given to two.
//!
//! The load is `kills` of `lunadefend-tests`, which says what its lines mean.

mod plan;
pub(super) mod verdict;

use super::{
    MOMENT, PHASE, Programs, empty_folder,
    keys::SigningKey,
    port::HeldPort,
    shared::{STORES, SharedStore},
};
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use lunadefend_process::Process;
use plan::Round;
use std::{thread::sleep, time::Duration};
use verdict::Verdict;

pub(super) const PROCESSES: usize = 3;
const KILLS: usize = 50;
/// What chooses, when a run is to be repeated.
const SEED: &str = "SOAK_SEED";
/// How long the load may take to look at everything again.
pub(super) const CHECK: Duration = Duration::from_secs(600);

pub(super) fn run(workspace: &Workspace, programs: &Programs) -> Result<()> {
    let seed = seed()?;
    println!("soak: kills: the seed is {seed}; {SEED}={seed} makes the same choices");
    for start in STORES {
        let store = start(workspace, programs)?;
        let verdict = Scene::set(workspace, programs, &*store, seed, &[])?.live(seed)?;
        verdict.judge()?;
        println!("soak: kills on {}: {verdict}", store.name());
    }
    Ok(())
}

fn seed() -> Result<u64> {
    match std::env::var(SEED) {
        Ok(text) => text.parse().with_context(|| format!("{SEED} is no number")),
        // Another one each time.
        Err(_) => Ok(Rng::new().u64(..)),
    }
}

/// Tokenizers, and all that they need.
pub(super) struct Scene<'p> {
    programs: &'p Programs,
    store: &'p dyn SharedStore,
    key: SigningKey,
    master_key: String,
    /// Settings of each tokenizer beside what it needs.
    more: &'p [(&'static str, String)],
    pub(super) ports: [HeldPort; PROCESSES],
    pub(super) tokenizers: Vec<Process>,
}

impl<'p> Scene<'p> {
    pub(super) fn set(
        workspace: &Workspace,
        programs: &'p Programs,
        store: &'p dyn SharedStore,
        seed: u64,
        more: &'p [(&'static str, String)],
    ) -> Result<Self> {
        let folder = empty_folder(workspace, "kills")?;
        let mut rng = Rng::with_seed(seed);
        let mut scene = Self {
            programs,
            store,
            key: SigningKey::make(programs, &folder)?,
            master_key: (0..4).map(|_| format!("{:016x}", rng.u64(..))).collect(),
            more,
            ports: [HeldPort::any()?, HeldPort::any()?, HeldPort::any()?],
            tokenizers: Vec::new(),
        };
        // Together: they make one key ring on an empty store.
        let started: Result<_> = (0..PROCESSES).map(|number| scene.start(number)).collect();
        scene.tokenizers = started?;
        for tokenizer in &mut scene.tokenizers {
            until_it_listens(tokenizer)?;
        }
        Ok(scene)
    }

    /// Where browsers find all of them, as if there were a proxy that distributes them.
    fn public_url(&self) -> String {
        format!("http://localhost:{}", self.ports[0].number())
    }

    pub(super) fn start(&self, number: usize) -> Result<Process> {
        let environment = [
            ("SECUREFRAME_HTTP_ADDR", self.ports[number].addr()),
            ("TOKENIZER_URL", self.public_url()),
            ("SESSION_PUBLIC_KEY", self.key.public.clone()),
            ("AUTH_PROVIDERS", "http://localhost:3000".to_owned()),
            ("LUNADEFEND_MASTER_KEY", self.master_key.clone()),
            ("RUST_LOG", "error".to_owned()),
        ];
        let environment = [&environment[..], &self.store.settings(), self.more].concat();
        let lunadefend = self.programs.find("lunadefend")?;
        Process::start(
            &lunadefend,
            &["serve", "--store", self.store.name()],
            &environment,
        )
    }

    /// Starts the load on tokenizers at these addresses.
    pub(super) fn load(&self, seed: u64, addresses: &[String]) -> Result<Process> {
        let (url, seed) = (self.public_url(), seed.to_string());
        let mut arguments = vec!["--public-url", &url, "--seed", &seed];
        for address in addresses {
            arguments.extend(["--tokenizer", address]);
        }
        let key = [("LUNASEC_SIGNING_KEY", self.key.private.clone())];
        let load = Process::start(&self.programs.find("kills")?, &arguments, &key)?;
        load.line("ready", PHASE)?;
        Ok(load)
    }

    fn live(mut self, seed: u64) -> Result<Verdict> {
        let addresses = self.ports.each_ref().map(HeldPort::addr);
        let mut load = self.load(seed, &addresses)?;
        for round in plan::rounds(seed, KILLS, PROCESSES) {
            self.kill(&round)?;
        }
        load.tell("check")?;
        let checked = load.line("checked ", CHECK)?;
        ensure!(load.end(MOMENT)?.success(), "the load failed");
        for tokenizer in &mut self.tokenizers {
            stop(tokenizer)?;
        }
        Verdict::parse(KILLS, &checked)
    }

    /// Kills some of them, and starts them again.
    fn kill(&mut self, round: &Round) -> Result<()> {
        for (pause, number) in &round.kills {
            sleep(*pause);
            let tokenizer = &mut self.tokenizers[*number];
            tokenizer.signal("KILL")?;
            let status = tokenizer.end(MOMENT)?;
            ensure!(
                // Whoever ends by itself has a code.
                status.code().is_none(),
                "a tokenizer was not killed, it ended before: {status}"
            );
        }
        sleep(round.away);
        for (_, number) in &round.kills {
            self.tokenizers[*number] = self.start(*number)?;
        }
        for (_, number) in &round.kills {
            until_it_listens(&mut self.tokenizers[*number])?;
        }
        Ok(())
    }
}

/// Tells a tokenizer to stop, and waits until it has.
pub(super) fn stop(tokenizer: &mut Process) -> Result<()> {
    tokenizer.signal("TERM")?;
    let status = tokenizer.end(MOMENT)?;
    ensure!(status.success(), "a tokenizer ended with {status}");
    Ok(())
}

pub(super) fn until_it_listens(tokenizer: &mut Process) -> Result<()> {
    tokenizer.line("lunadefend tokenizer listening on ", MOMENT)?;
    Ok(())
}
