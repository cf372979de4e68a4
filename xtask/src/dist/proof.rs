//! `cargo xtask dist --prove`: the image without a container engine.
//!
//! Its files are copied into an empty folder, and its program is started there as its user, in a network of its own that
//! has nothing but loopback. No `/proc`, no `/dev`, no library, no shell.

mod network;
mod room;

use super::{folder, image::Image, target};
use crate::{
    command::{self, cargo, program},
    soak::probe::until_ready,
    workspace::Workspace,
};
use anyhow::{Context as _, Result, ensure};
use lunadefend_process::Process;
use network::{KeySet, Names};
use room::{Keys, Room};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

/// The argument by which it starts itself in the other network.
pub(super) const INSIDE: &str = "--inside";
const ALONE: &str = r#"ip link set lo up && exec "$0" "$@""#;

/// How long a program may take to start or to end.
const MOMENT: Duration = Duration::from_secs(30);
/// How long the large store may take to fill.
const FILLING: Duration = Duration::from_secs(900);
/// A host that only `/etc/hosts` of the image knows, and one that only its name server knows.
const IN_HOSTS: &str = "application.hosts.test";
const IN_DNS: &str = "application.dns.test";
/// What the process may have in memory once it is ready and idle.
const IDLE_KIB: u64 = 20 * 1024;
/// How long it may take to be ready, and with how large a store.
const READY: Duration = Duration::from_secs(2);
const LARGE: u64 = 1 << 30;
/// What the large store has: many rows, and as many long values as fill it up.
const TOKENS: &str = "100000";
const LONG_VALUE: u64 = 256 << 20;

pub(super) fn run(workspace: &Workspace, builds: bool) -> Result<()> {
    if builds {
        command::run(
            cargo(workspace.root())
                .args(["build", "--locked", "--package", "lunadefend-tests"])
                .args(["--bin", "tokens", "--bin", "values"]),
        )?;
    }
    let mut alone = program("unshare", workspace.root());
    alone.arg("--net");
    let user = command::answer(program("id", workspace.root()).arg("-u"));
    if user.as_deref() != Some("0") {
        alone.args(["--map-root-user", "--map-auto"]);
    }
    alone.args(["sh", "-c", ALONE]);
    alone.arg(std::env::current_exe()?).args(["dist", INSIDE]);
    command::run(&mut alone).context(
        "this needs `unshare` (util-linux), `ip` (iproute2), and the rights of root or subordinate ids",
    )
}

/// What is shown, in a network without anybody else.
pub(super) fn inside(workspace: &Workspace) -> Result<()> {
    let image = Image::read(&workspace.root().join("ops/Dockerfile"))?;
    let files = folder(workspace, target(workspace)?);
    let scene = Scene {
        room: Room::make(workspace, image, &files)?,
        programs: workspace.target().join("debug"),
    };
    let names = Names::serve(IN_DNS)?;
    let keys = scene.room.keys()?;
    let set = KeySet::serve(keys.set.clone())?;
    let begun = names.asked();
    scene.life(IN_HOSTS, &keys, &set)?;
    ensure!(names.asked() == begun, "a name of /etc/hosts was asked for");
    println!("dist: it finds names in /etc/hosts, stores a value, and ends at SIGTERM");
    scene.life(IN_DNS, &keys, &set)?;
    ensure!(names.asked() > begun, "no name server was asked");
    println!("dist: the same with names of a name server");
    scene.certificates()?;
    println!("dist: it finds its root certificates, and starts without them only for http");
    scene.large(&keys, &set)?;
    scene.room.clear()
}

struct Scene {
    room: Room,
    programs: PathBuf,
}

impl Scene {
    /// A tokenizer that takes JWTs of an application, whose keys are at this URL.
    fn start(&self, key_set: &str) -> Result<Process> {
        self.room.start(&[
            ("TOKENIZER_URL", self.url()),
            ("SESSION_JWKS_URL", key_set.to_owned()),
            ("AUTH_PROVIDERS", "http://localhost:3000".to_owned()),
            ("APPLICATION_FRONT_END", "http://localhost:3000".to_owned()),
            // For the key set, which has another name than `localhost`.
            ("LUNADEFEND_ALLOW_CLEARTEXT", "true".to_owned()),
            ("LUNADEFEND_MAX_VALUE", "1GiB".to_owned()),
            ("LUNADEFEND_SESSION_BYTES", "4GiB".to_owned()),
        ])
    }

    fn url(&self) -> String {
        format!("http://localhost:{}", self.room.port())
    }

    /// From the start to SIGTERM.
    fn life(&self, host: &str, keys: &Keys, set: &KeySet) -> Result<()> {
        let fetched = set.fetched();
        let mut tokenizer = self.start(&set.url(host))?;
        self.until_ready()?;
        let idle = tokenizer.resident_kib()?;
        self.store(keys, 1 << 20)?;
        ensure!(set.fetched() > fetched, "the key set was not fetched");
        self.room.is_healthy()?;
        end(&mut tokenizer)?;
        ensure!(
            idle < IDLE_KIB,
            "it has {:.1} MiB in memory when it is idle, and may have less than {:.0} MiB",
            mib(idle),
            mib(IDLE_KIB)
        );
        println!("dist: {:.1} MiB in memory, idle after the start", mib(idle));
        Ok(())
    }

    /// The application stores a value and reads it.
    fn store(&self, keys: &Keys, bytes: u64) -> Result<()> {
        let environment = [
            ("TOKENIZER_URL", self.url()),
            ("LUNASEC_SIGNING_KEY", keys.private.clone()),
        ];
        let bytes = bytes.to_string();
        let arguments = ["round", "--bytes", &bytes];
        let mut values = Process::start(&self.programs.join("values"), &arguments, &environment)?;
        let status = values.end(FILLING)?;
        ensure!(
            status.success(),
            "the application did not read what it stored: {}",
            values.rest().join("\n")
        );
        Ok(())
    }

    fn until_ready(&self) -> Result<()> {
        until_ready(self.room.port())
    }

    /// A key set by https needs root certificates, at the start already.
    fn certificates(&self) -> Result<()> {
        let url = format!("https://{IN_DNS}/.lunasec/jwks.json");
        let mut with = self.start(&url)?;
        self.until_ready()?;
        end(&mut with)?;
        let roots = self.room.without_roots()?;
        let mut without = self.start(&url)?;
        let status = without.end(MOMENT)?;
        ensure!(
            !status.success(),
            "it starts without root certificates: what was found is not what the image has"
        );
        roots.restore()
    }

    /// How long a start takes with a store of 1 GiB.
    fn large(&self, keys: &Keys, set: &KeySet) -> Result<()> {
        let store = self.room.empty_store()?;
        let path = store.to_str().context("a path that is no text")?;
        let fill = ["fill", "--store", path, "--tokens", TOKENS];
        let mut fill = Process::start(&self.programs.join("tokens"), &fill, &[])?;
        fill.line("filled ", FILLING)?;
        ensure!(fill.end(MOMENT)?.success(), "the store was not filled");
        self.room.own_store()?;
        let mut tokenizer = self.start(&set.url(IN_HOSTS))?;
        self.until_ready()?;
        while fs::metadata(&store)?.len() < LARGE {
            self.store(keys, LONG_VALUE)?;
        }
        end(&mut tokenizer)?;
        for signal in ["TERM", "KILL"] {
            let mut before = self.start(&set.url(IN_HOSTS))?;
            self.until_ready()?;
            before.signal(signal)?;
            before.end(MOMENT)?;
            let begun = Instant::now();
            let mut tokenizer = self.start(&set.url(IN_HOSTS))?;
            self.until_ready()?;
            let time = begun.elapsed();
            let idle = tokenizer.resident_kib()?;
            end(&mut tokenizer)?;
            println!(
                "dist: ready after {time:.2?} with a store of {:.2} GiB and {TOKENS} tokens, after SIG{signal}; {:.1} MiB in memory",
                fs::metadata(&store)?.len() as f64 / LARGE as f64,
                mib(idle)
            );
            ensure!(time < READY, "it may take {READY:?}");
        }
        Ok(())
    }
}

fn end(tokenizer: &mut Process) -> Result<()> {
    tokenizer.signal("TERM")?;
    let status = tokenizer.end(MOMENT)?;
    ensure!(status.success(), "the tokenizer ended with {status}");
    Ok(())
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
