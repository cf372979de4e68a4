//! `cargo xtask soak --proxies`: a tokenizer and an application behind real proxies, which are configured as
//! `docs/proxies.md` says.

mod certificates;
mod front;

use super::{
    MOMENT, PHASE, Programs, empty_folder, hold, outcome::number, port::HeldPort, text, tools, walk,
};
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, ensure};
use front::{Front, Protocol, Proxy, Settings};
use lunadefend_process::Process;
use std::{
    fs,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

/// The application of all of this.
const APP: &str = "axum-app";
/// As many as have a request at once on one HTTP/2 connection, for which haproxy's limit is 100.
const IDLE_CONNECTIONS: &str = "100";
const USERS: &str = "50";
/// How long the tokenizer keeps idle connections where that is what is looked at.
const IDLE: Duration = Duration::from_secs(8);
/// How often the tokenizer is restarted under load at least, one time in how many seconds, how long it is away,
/// and how long it is left alone in between.
const RESTARTS: u64 = 3;
const SECONDS_PER_RESTART: u64 = 4;
const AWAY: Duration = Duration::from_millis(1500);
const BETWEEN_RESTARTS: Duration = Duration::from_secs(1);

pub(super) fn run(workspace: &Workspace, programs: &Programs, seconds: u64) -> Result<()> {
    tools::install(workspace, &["nginx", "haproxy", "openssl"])?;
    let mut failed = Vec::new();
    for proxy in [Proxy::Nginx, Proxy::Haproxy] {
        let protocols = [Protocol::Http2, Protocol::Http1];
        let lives = protocols.map(|protocol| {
            let name = format!("{proxy}, the life of a token over {protocol}");
            let outcome = Scene::set(workspace, programs, proxy, protocol, None)
                .and_then(|scene| scene.live());
            (name, outcome)
        });
        let idle = Scene::set(workspace, programs, proxy, Protocol::Http2, Some(IDLE))
            .and_then(|scene| scene.idle());
        let restarts = Scene::set(workspace, programs, proxy, Protocol::Http2, None)
            .and_then(|scene| scene.restart_under_load(seconds));
        let rest = [
            (format!("{proxy}, idle connections"), idle),
            (format!("{proxy}, restarts under load"), restarts),
        ];
        for (name, outcome) in lives.into_iter().chain(rest) {
            match outcome {
                Ok(text) => println!("soak: {name}: {text}"),
                Err(error) => {
                    eprintln!("error: {name}: {error:#}");
                    failed.push(name);
                }
            }
        }
    }
    ensure!(
        failed.is_empty(),
        "these did not go well: {}",
        failed.join("; ")
    );
    Ok(())
}

/// A proxy, a tokenizer behind it, and all that an application needs to be there too.
struct Scene<'p> {
    programs: &'p Programs,
    /// Where browsers and the application find them.
    app_url: String,
    tokenizer_url: String,
    app_port: HeldPort,
    tokenizer_port: HeldPort,
    key: String,
    roots: String,
    store: PathBuf,
    idle: Option<Duration>,
    tokenizer: Process,
    _front: Front,
}

impl<'p> Scene<'p> {
    fn set(
        workspace: &Workspace,
        programs: &'p Programs,
        proxy: Proxy,
        protocol: Protocol,
        idle: Option<Duration>,
    ) -> Result<Self> {
        let folder = empty_folder(workspace, "proxies")?;
        let (front_port, app_port) = (HeldPort::any()?, HeldPort::any()?);
        let tokenizer_port = HeldPort::any()?;
        certificates::make_certificates(&folder)?;
        certificates::make_signing_key(&folder, &programs.find("lunadefend")?)?;
        let settings = Settings {
            proxy,
            protocol,
            folder: &folder,
            listen: front_port.addr(),
            app: app_port.addr(),
            tokenizer: tokenizer_port.addr(),
            idle: idle.map(|idle| idle / 2),
        };
        let docs = fs::read_to_string(workspace.root().join("docs/proxies.md"))?;
        let port = front_port.number();
        let store = folder.join("tokens.redb");
        // Two names of one machine, as the two domains of the documentation are.
        let app_url = format!("https://localhost:{port}");
        let tokenizer_url = format!("https://127.0.0.1:{port}");
        let roots = folder.join("ca.pem").display().to_string();
        let tokenizer = serve(
            programs,
            &app_url,
            &tokenizer_url,
            &tokenizer_port,
            &store,
            &roots,
            idle,
        )?;
        // Afterwards: haproxy takes out what does not answer its first check.
        let front = front::start(&settings, &docs, front_port)?;
        Ok(Self {
            programs,
            app_url,
            tokenizer_url,
            app_port,
            tokenizer_port,
            key: fs::read_to_string(folder.join("signing-key.pem"))?,
            roots,
            store,
            idle,
            tokenizer,
            _front: front,
        })
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("APP_ADDR", self.app_port.addr()),
            ("TOKENIZER_URL", self.tokenizer_url.clone()),
            ("LUNASEC_SIGNING_KEY", self.key.clone()),
            ("SSL_CERT_FILE", self.roots.clone()),
            ("RUST_LOG", "error".to_owned()),
        ]
    }

    fn app(&self) -> Result<Process> {
        let app = Process::start(&self.programs.find(APP)?, &[], &self.environment())?;
        app.line("application: ", MOMENT)?;
        Ok(app)
    }

    /// A walk through the application, and `lunadefend doctor`.
    fn live(self) -> Result<String> {
        let _app = self.app()?;
        let roots = [("SSL_CERT_FILE", self.roots.clone())];
        let printed = walk(self.programs, &self.app_url, &self.tokenizer_url, &roots)?;
        let steps = printed
            .iter()
            .filter(|line| line.ends_with(" [ok]"))
            .count();

        let arguments = ["doctor", "--app", &self.app_url];
        let lunadefend = self.programs.find("lunadefend")?;
        let mut doctor = Process::start(&lunadefend, &arguments, &self.environment())?;
        let status = doctor.end(MOMENT)?;
        let printed = doctor.rest();
        ensure!(
            status.success(),
            "doctor: {status}:\n{}",
            printed.join("\n")
        );
        let verdict = printed.last().context("doctor printed nothing")?;
        Ok(format!("{steps} steps as they must; doctor: {verdict}"))
    }

    /// As many connections as the proxy may have, used again when the tokenizer is about to close them.
    fn idle(self) -> Result<String> {
        let idle = self.idle.context("no idle time")?;
        let _app = self.app()?;
        let millis = idle.as_millis().to_string();
        let mut load = self.load(&["--clients", IDLE_CONNECTIONS, "--idle", &millis])?;
        load.line("ready", PHASE)?;
        let held = hold(&self.tokenizer, &mut load, "fill")?;
        let connections = self.tokenizer_port.connections()?;
        self.tokenizer.signal("CONT")?;
        ensure!(
            u64::try_from(connections)? >= held,
            "only {connections} connections for {held} requests at once"
        );
        self.until_given_up(idle * 3 / 4)?;
        let idled = load.line("idled ", PHASE)?;
        let (answered, failed) = (number(&idled, "answered=")?, number(&idled, "failed=")?);
        ensure!(
            failed == 0 && answered == 2 * held,
            "of {held} twice: {idled}"
        );
        Ok(format!(
            "{held} requests at once on {connections} connections, {held} again after {} s: 0 failed",
            idle.as_secs()
        ))
    }

    /// Waits until the proxy has given up its idle connections, which it must before the tokenizer does.
    fn until_given_up(&self, limit: Duration) -> Result<()> {
        let begun = Instant::now();
        while self.tokenizer_port.connections()? > 0 {
            ensure!(
                begun.elapsed() < limit,
                "the proxy keeps idle connections until the tokenizer closes them"
            );
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Nobody who uses the application notices.
    fn restart_under_load(mut self, seconds: u64) -> Result<String> {
        let _app = self.app()?;
        let restarts = RESTARTS.max(seconds / SECONDS_PER_RESTART);
        let measured = (restarts * SECONDS_PER_RESTART).to_string();
        let mut load = self.load(&["--clients", USERS, "--seconds", &measured])?;
        load.line("ready", PHASE)?;
        hold(&self.tokenizer, &mut load, "fill")?;
        self.tokenizer.signal("CONT")?;
        load.line("warm", PHASE)?;
        for _ in 0..restarts {
            sleep(BETWEEN_RESTARTS);
            self.tokenizer.signal("TERM")?;
            let status = self.tokenizer.end(MOMENT)?;
            ensure!(status.success(), "the tokenizer ended with {status}");
            sleep(AWAY);
            self.tokenizer = serve(
                self.programs,
                &self.app_url,
                &self.tokenizer_url,
                &self.tokenizer_port,
                &self.store,
                &self.roots,
                self.idle,
            )?;
        }
        let measured = load.line("measured ", PHASE + Duration::from_secs(seconds))?;
        let (requests, errors) = (
            number(&measured, "requests=")?,
            number(&measured, "errors=")?,
        );
        ensure!(
            errors == 0,
            "{errors} of {requests} calls of the application failed"
        );
        Ok(format!(
            "{requests} calls of the application, {restarts} restarts of {} ms, 0 failed",
            AWAY.as_millis()
        ))
    }

    fn load(&self, more: &[&str]) -> Result<Process> {
        let urls = ["--app", &self.app_url, "--tokenizer", &self.tokenizer_url];
        let environment = [("SSL_CERT_FILE", self.roots.clone())];
        Process::start(
            &self.programs.find("soak")?,
            &[&urls, more].concat(),
            &environment,
        )
    }
}

/// A tokenizer that keeps its store, and its port over a restart.
fn serve(
    programs: &Programs,
    app_url: &str,
    tokenizer_url: &str,
    port: &HeldPort,
    store: &std::path::Path,
    roots: &str,
    idle: Option<Duration>,
) -> Result<Process> {
    let store = text(store)?;
    let mut environment = vec![
        ("TOKENIZER_URL", tokenizer_url.to_owned()),
        ("SECUREFRAME_HTTP_ADDR", port.addr()),
        ("SESSION_JWKS_URL", format!("{app_url}/.lunasec/jwks.json")),
        ("AUTH_PROVIDERS", app_url.to_owned()),
        ("APPLICATION_FRONT_END", app_url.to_owned()),
        ("SSL_CERT_FILE", roots.to_owned()),
    ];
    if let Some(idle) = idle {
        environment.push(("LUNADEFEND_IDLE_TIMEOUT", format!("{}s", idle.as_secs())));
    }
    let lunadefend = programs.find("lunadefend")?;
    let tokenizer = Process::start(&lunadefend, &["serve", "--store", store], &environment)?;
    tokenizer.line("lunadefend tokenizer listening on ", MOMENT)?;
    Ok(tokenizer)
}
