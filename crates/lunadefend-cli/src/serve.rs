//! `lunadefend serve`: a tokenizer that keeps its store.

use crate::{
    drain::drain,
    listen,
    settings::{self, Serving, serve_help},
    tls,
};
use anyhow::Result;
use clap::Args;
use lunadefend_jwt::SystemClock;
use lunadefend_secrets::ProcessEnvironment;
use lunadefend_settings::{Side, table};
use lunadefend_tokenizer::Tokenizer;
use lunadefend_vault::DeletionList;
use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

/// Run the tokenizer on one file, on PostgreSQL, or on DynamoDB and S3.
///
/// SIGTERM stops it, after LUNADEFEND_DRAIN_DELAY or at the second one; systemd is told when it is ready and when it stops
/// (`Type=notify`). SIGHUP makes it drop the application's key set and fetch it again, for an emergency.
#[derive(Args)]
#[command(after_help = serve_help())]
pub(crate) struct Serve {
    /// The file of the embedded store, made if it is missing; `postgres`, with LUNADEFEND_POSTGRES_URL; or `aws`, with
    /// LUNADEFEND_AWS_TABLE and LUNADEFEND_AWS_BUCKET.
    #[arg(long, value_name = "PATH")]
    store: PathBuf,
    /// A TOML file with settings; the environment wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        let settings = settings::of_process(Side::Tokenizer, self.config.as_deref())?;
        let addr = settings::addr(&settings)?;
        let bind = || listen::bind(addr, settings.name_of(&table::LISTEN));
        // An occupied port must not hide a wrong setting. But a port that the system chooses is part of the
        // default URL.
        let (listener, serving) = if addr.port() == 0 {
            let listener = bind().await?;
            let read = Serving::read(&settings, listener.local_addr()?).await?;
            (listener, read)
        } else {
            let read = Serving::read(&settings, addr).await?;
            (bind().await?, read)
        };
        let Serving {
            config,
            tls,
            stores,
            master_key,
            next_master_key,
            admin_socket,
            audit,
            deletions,
            drain_delay,
            metrics_addr,
        } = serving;
        let keys = (master_key, next_master_key);
        let vault = stores.vault(&self.store, &settings, keys, Arc::new(SystemClock));
        let vault = match deletions {
            Some(path) => vault.await?.with_deletions(DeletionList::open(&path)?),
            None => vault.await?,
        };
        let clock = Arc::new(SystemClock);
        let audit = audit.map(|audit| audit.start(clock)).transpose()?;
        let config = match &audit {
            Some(audit) => config.with_audit(audit.clone()),
            None => config,
        };
        let tokenizer = Tokenizer::new(config, vault);
        let admin = listen::serve_admin(admin_socket.as_deref(), tokenizer.clone()).await?;
        let metrics = listen::serve_metrics(metrics_addr, tokenizer.clone()).await?;
        let hangups = listen::drop_keys_on_hangup(tokenizer.clone())?;
        let signals = listen::stop_signals()?;
        #[cfg(unix)]
        let manager = Arc::new(crate::notify::ServiceManager::find(&ProcessEnvironment)?);
        #[cfg(unix)]
        let watchdog = watch(Arc::clone(&manager), tokenizer.clone())?;
        #[cfg(not(unix))]
        let watchdog = std::future::pending::<()>();
        #[cfg(unix)]
        manager.ready()?;
        let begins = move || {
            #[cfg(unix)]
            manager.stopping();
        };
        let stop = drain(signals, tokenizer.clone(), drain_delay, begins);
        // A full or closed stdout is no reason not to serve.
        let _ = writeln!(
            io::stdout(),
            "lunadefend tokenizer listening on {}://{}",
            tls::scheme(tls.is_some()),
            listener.local_addr()?
        );
        let ended = tokio::select! {
            served = listen::serve(listener, tls, tokenizer, stop) => served,
            () = hangups => Ok(()),
            () = admin => Ok(()),
            () = metrics => Ok(()),
            () = watchdog => Ok(()),
        };
        if let Some(audit) = audit {
            audit.close().await;
        }
        ended
    }
}

/// Feeds the watchdog of the service manager while the returned future is polled: by the task that accepts connections.
#[cfg(unix)]
fn watch(
    manager: Arc<crate::notify::ServiceManager>,
    tokenizer: Tokenizer,
) -> Result<impl Future<Output = ()>> {
    use crate::watchdog::{Watchdog, answers};

    let watchdog = Watchdog::find(&ProcessEnvironment, std::process::id())?;
    Ok(async move {
        let answers = async || answers(&tokenizer).await;
        watchdog.feed(&manager, answers).await;
    })
}
