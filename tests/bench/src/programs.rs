//! The programs of a run, and how their servers are started.

use crate::{
    job::Job,
    process::{self, MOMENT},
    server::{BEGIN, LISTENING, Serving, Upkeep},
    store::Key,
};
use anyhow::{Context, Result, ensure};
use lunadefend_process::Process;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
};

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `bench`.
    pub bench: PathBuf,
    /// `bench-counted`.
    pub counted: PathBuf,
    /// `lunadefend`; without it the tokenizer is a library in `bench`.
    pub lunadefend: Option<PathBuf>,
}

/// Whether the allocations of a process are counted, which takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counting {
    /// The times are measured.
    Off,
    /// The allocations are counted.
    On,
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    /// Its process.
    pub(crate) process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    ends_by_signal: bool,
}

/// Every process has so many worker threads, as many as it would have unless it was told.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The settings of a tokenizer that does not limit how much one may ask for.
pub(crate) fn without_limits() -> Vec<(&'static str, String)> {
    let limits = [
        ("LUNADEFEND_MAX_CONNECTIONS", "8192"),
        ("LUNADEFEND_MAX_VALUE", "1GiB"),
        ("LUNADEFEND_SESSION_BYTES", "1GiB"),
        ("LUNADEFEND_SESSION_REQUESTS_PER_MINUTE", "0"),
        ("LUNADEFEND_SESSION_READS_PER_HOUR", "0"),
        ("LUNADEFEND_READS_PER_HOUR", "0"),
        ("LUNADEFEND_REFUSALS_PER_MINUTE", "0"),
    ];
    limits
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
}

impl Programs {
    /// Finds the programs beside the running one.
    ///
    /// # Errors
    /// When one of them is not built.
    pub(crate) fn find() -> Result<Self> {
        let bench = std::env::current_exe()?;
        let beside = |name: &str| {
            let path = bench.with_file_name(name);
            ensure!(path.is_file(), "{} is not built", path.display());
            Ok(path)
        };
        Ok(Self {
            counted: beside("bench-counted")?,
            lunadefend: Some(beside("lunadefend")?),
            bench,
        })
    }

    const fn own(&self, counting: Counting) -> &PathBuf {
        match counting {
            Counting::Off => &self.bench,
            Counting::On => &self.counted,
        }
    }

    /// Starts a server of the bench's own.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn server(&self, serving: &Serving, counting: Counting) -> Result<Server> {
        let mut process = process::start(self.own(counting), &["server"], &[], threads())?;
        process.tell(&serde_json::to_string(serving)?)?;
        let address = process.line(LISTENING, MOMENT)?;
        Ok(Server {
            process,
            address: address.parse().context("no address")?,
            ends_by_signal: false,
        })
    }

    /// Starts a tokenizer on a store: the program that users run, or when allocations are counted, its library.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn tokenizer(&self, store: &Path, key: &Key, counting: Counting) -> Result<Server> {
        match (&self.lunadefend, counting) {
            (Some(lunadefend), Counting::Off) => {
                Self::serve(lunadefend, store, key, &without_limits())
            }
            _ => {
                let serving = Serving::Tokenizer {
                    store: store.to_owned(),
                    key: key.public.clone(),
                };
                self.server(&serving, counting)
            }
        }
    }

    /// Starts `lunadefend serve` with these settings, and those that it has always known: it refuses all others.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn serve(
        lunadefend: &Path,
        store: &Path,
        key: &Key,
        settings: &[(&'static str, String)],
    ) -> Result<Server> {
        let fixed = [
            ("SECUREFRAME_HTTP_ADDR", "127.0.0.1:0"),
            ("SESSION_PUBLIC_KEY", &key.public),
            ("AUTH_PROVIDERS", "http://localhost:3000"),
            ("GRANT_DEFAULT_DURATION", "1h"),
            ("RUST_LOG", "error"),
        ];
        let mut environment = fixed.map(|(name, value)| (name, value.to_owned())).to_vec();
        environment.extend_from_slice(settings);
        let store = store.to_str().context("a store's path is no text")?;
        let arguments = ["serve", "--store", store];
        let process = process::start(lunadefend, &arguments, &environment, threads())?;
        let address = process.line("lunadefend tokenizer listening on http://", MOMENT)?;
        Ok(Server {
            process,
            address: address.parse().context("no address")?,
            ends_by_signal: true,
        })
    }

    /// Starts a client, which waits for its turn.
    ///
    /// # Errors
    /// When it does not start.
    pub(crate) fn client(&self, job: &Job, counting: Counting) -> Result<Process> {
        let mut process = process::start(self.own(counting), &["client"], &[], threads())?;
        process.tell(&serde_json::to_string(job)?)?;
        process.line("ready", MOMENT)?;
        Ok(process)
    }
}

impl Server {
    /// Ends it, so that its store is free for the next one.
    ///
    /// # Errors
    /// When it ended before.
    pub(crate) fn stop(mut self) -> Result<()> {
        if self.ends_by_signal {
            process::stop(&mut self.process)?;
        }
        Ok(())
    }

    /// How often its process has allocated.
    ///
    /// # Errors
    /// When it has ended, or counts nothing.
    pub(crate) fn allocations(&mut self) -> Result<u64> {
        self.process.tell("allocations")?;
        Ok(self.process.line("allocations ", MOMENT)?.parse()?)
    }

    /// Lets it do something beside its work, until [`end`](Self::end).
    ///
    /// # Errors
    /// When it has ended, or is no tokenizer of the bench's own.
    pub(crate) fn begin(&mut self, upkeep: Upkeep) -> Result<()> {
        let upkeep = serde_json::to_string(&upkeep)?;
        self.process.tell(&format!("{BEGIN}{upkeep}"))?;
        self.process.line("began", MOMENT)?;
        Ok(())
    }

    /// Ends what it does beside its work, and returns how many steps it took.
    ///
    /// # Errors
    /// When that failed.
    pub(crate) fn end(&mut self) -> Result<u64> {
        self.process.tell("end")?;
        Ok(self.process.line("ended ", MOMENT)?.parse()?)
    }
}
