//! `lunadefend serve`: a tokenizer that keeps its store.

use crate::{
    listen,
    postgres::Postgres,
    settings::{self, Serving, serve_help},
};
use anyhow::Result;
use clap::Args;
use lunadefend_jwt::SystemClock;
use lunadefend_secrets::ProcessEnvironment;
use lunadefend_settings::{Side, table};
use lunadefend_tokenizer::Tokenizer;
use lunadefend_vault_redb::open_embedded_with;
use std::{path::PathBuf, sync::Arc};

/// Run the tokenizer on one file, or on PostgreSQL.
///
/// SIGTERM stops it. SIGHUP makes it drop the application's key set and fetch it again, for an emergency.
#[derive(Args)]
#[command(after_help = serve_help())]
pub(crate) struct Serve {
    /// The file of the embedded store, made if it is missing; or `postgres`, with LUNADEFEND_POSTGRES_URL.
    #[arg(long, value_name = "PATH")]
    store: PathBuf,
    /// A TOML file with settings; the environment wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        let environment = Arc::new(ProcessEnvironment);
        let settings = settings::open(Side::Tokenizer, environment, self.config.as_deref())?;
        let addr = settings::addr(&settings)?;
        let bind = || listen::bind(addr, settings.name_of(&table::LISTEN));
        // An occupied port must not hide a wrong setting. But a port that the system chooses is part of the
        // default URL.
        let (listener, settings) = if addr.port() == 0 {
            let listener = bind().await?;
            let read = Serving::read(&settings, listener.local_addr()?).await?;
            (listener, read)
        } else {
            let read = Serving::read(&settings, addr).await?;
            (bind().await?, read)
        };
        let clock = Arc::new(SystemClock);
        let vault = match self.store.as_os_str() == "postgres" {
            true => Postgres::open(settings.postgres, settings.master_key, clock).await?,
            false => {
                let (store, key) = (&settings.store, settings.master_key);
                let opened = open_embedded_with(&self.store, store, key, clock).await?;
                if let Some(path) = opened.new_key_file {
                    println!(
                        "made the master key {}: back it up, apart from the store, which is noise without it",
                        path.display()
                    );
                }
                opened.vault
            }
        };
        let tokenizer = Tokenizer::new(settings.config, vault);
        let admin =
            listen::serve_admin(settings.admin_socket.as_deref(), tokenizer.clone()).await?;
        let hangups = listen::drop_keys_on_hangup(tokenizer.clone())?;
        let stop = listen::stop_on_signals()?;
        println!(
            "lunadefend tokenizer listening on http://{}",
            listener.local_addr()?
        );
        tokio::select! {
            served = listen::serve(listener, tokenizer, stop) => served,
            () = hangups => Ok(()),
            () = admin => Ok(()),
        }
    }
}
