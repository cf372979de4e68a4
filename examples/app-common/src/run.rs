//! The life of an example application: its start, its check, its end.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks to its user by stdout and stderr"
)]

use crate::{Stop, Users, check, environment, stop, tokenizer::Embedded};
use anyhow::{Context, Result, bail, ensure};
use clap::{CommandFactory, FromArgMatches, Parser};
use lunadefend::secrets::{Environment, ProcessEnvironment};
use std::{
    fmt, net::SocketAddr, path::PathBuf, pin::pin, process::ExitCode, sync::Arc, time::Duration,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, time::timeout};

/// How long requests may go on when the application is to stop. Without a bound one slow reader would keep
/// axum and warp for ever.
const DRAIN: Duration = Duration::from_secs(30);

/// A small application: log-in, a profile full of tokens, SQLite.
///
/// Without TOKENIZER_URL it starts a tokenizer of its own. With it, that tokenizer is used and
/// LUNASEC_SIGNING_KEY is needed; `cargo run -p lunadefend-cli -- dev` starts one and prints both.
#[derive(Parser)]
struct Cli {
    /// End after a check of everything: exit code 0 when each step went as it must, 1 otherwise.
    #[arg(long, conflicts_with = "data")]
    once: bool,
    /// The loopback address to listen on [default: 127.0.0.1:3000, which `lunadefend dev` expects; a free
    /// port with --once and a tokenizer of its own].
    #[arg(long, value_name = "ADDR")]
    addr: Option<SocketAddr>,
    /// Where browsers reach it when a proxy is in front [default: http://localhost and the port].
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Keep the database, and the store of the own tokenizer, in this folder [default: a temporary one].
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
}

/// What an application is given to serve with.
pub struct Start {
    /// Where to listen.
    pub listener: TcpListener,
    /// The settings for `LunaDefend::from_environment`.
    pub environment: Arc<dyn Environment>,
    /// The users.
    pub users: Users,
    /// When to stop: answer what is being asked, then end.
    pub stop: Stop,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").finish_non_exhaustive()
    }
}

/// Runs the application `name`: reads the command line, starts what it needs, and gives it to `serve`,
/// which returns when it was told to stop and everybody has his answer.
pub async fn run<S, F>(name: &'static str, serve: S) -> ExitCode
where
    S: FnOnce(Start) -> F,
    F: Future<Output = Result<()>>,
{
    let cli = Cli::from_arg_matches(&Cli::command().name(name).get_matches());
    let cli = cli.unwrap_or_else(|error| error.exit());
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    match live(cli, serve).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn live<S, F>(cli: Cli, serve: S) -> Result<bool>
where
    S: FnOnce(Start) -> F,
    F: Future<Output = Result<()>>,
{
    let (stopper, stop) = stop::on_signals()?;
    let folder = Folder::open(cli.data)?;
    let tokenizer_url = environment::tokenizer_url()?;
    let listener = listen(cli.addr, cli.once && tokenizer_url.is_none()).await?;
    let app = match cli.url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://localhost:{}", listener.local_addr()?.port()),
    };
    let (tokenizer, environment, _embedded) = match tokenizer_url {
        Some(url) => (url, Arc::new(ProcessEnvironment) as _, None),
        None => {
            let embedded = Embedded::start(&app, &folder.file("tokenizer.redb")).await?;
            let environment = environment::with_embedded(&embedded.url)?;
            (embedded.url.clone(), environment, Some(embedded))
        }
    };
    let users = Users::open(&folder.file("users.sqlite"))
        .await
        .context("cannot open the database")?;
    println!("application: {app}");
    println!("tokenizer:   {tokenizer}");

    let mut serving = pin!(serve(Start {
        listener,
        environment,
        users,
        stop: stop.clone(),
    }));
    let lived = async {
        if cli.once {
            println!();
            return check::run(&app, &tokenizer).await;
        }
        try_yourself(&app);
        stop.requested().await;
        Ok(true)
    };
    let went_well = tokio::select! {
        // First whether it is to stop: then it may have ended already.
        biased;
        went_well = lived => went_well?,
        ended = &mut serving => {
            ended?;
            bail!("the application ended too early");
        }
    };
    stopper.stop();
    timeout(DRAIN, serving)
        .await
        .context("requests were cut off: they did not come to an end")??;
    Ok(went_well)
}

fn try_yourself(app: &str) {
    let json = "-H 'content-type: application/json'";
    println!("\nTry it yourself, until Ctrl-C:");
    println!("  curl -c jar {json} -d '{{\"user\":\"user-1\"}}' {app}/login");
    println!("  curl -b jar {app}/get-ssn");
    println!("  curl -b jar {app}/profile");
}

async fn listen(addr: Option<SocketAddr>, any_port: bool) -> Result<TcpListener> {
    let port = if any_port { 0 } else { 3000 };
    let addr = addr.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], port)));
    ensure!(
        addr.ip().is_loopback(),
        "--addr must be a loopback address: this is an example"
    );
    TcpListener::bind(addr)
        .await
        .with_context(|| format!("cannot listen on {addr}: choose another address with --addr"))
}

/// Where files are kept.
struct Folder {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Folder {
    fn open(kept: Option<PathBuf>) -> Result<Self> {
        if let Some(path) = kept {
            std::fs::create_dir_all(&path)
                .with_context(|| format!("cannot make the folder {}", path.display()))?;
            return Ok(Self {
                path,
                _temporary: None,
            });
        }
        let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
        Ok(Self {
            path: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
