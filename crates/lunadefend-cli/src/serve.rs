//! `lunadefend serve`: a tokenizer that keeps its store.

use crate::{
    listen,
    settings::{self, HELP, Settings},
};
use anyhow::Result;
use clap::Args;
use lunadefend_jwt::SystemClock;
use lunadefend_secrets::{Environment, ProcessEnvironment};
use lunadefend_tokenizer::Tokenizer;
use lunadefend_vault_redb::open_embedded_with;
use std::{path::PathBuf, sync::Arc};

/// Run the tokenizer on one file.
///
/// SIGTERM stops it. SIGHUP makes it drop the application's key set and fetch it anew, for an
/// emergency.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Serve {
    /// The file of the embedded store; made when it is not there.
    #[arg(long, value_name = "PATH")]
    store: PathBuf,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        let environment: Arc<dyn Environment> = Arc::new(ProcessEnvironment);
        let listener = listen::bind(settings::addr(&*environment)?, settings::ADDR).await?;
        let settings = Settings::read(environment, listener.local_addr()?).await?;
        let clock = Arc::new(SystemClock);
        let opened =
            open_embedded_with(&self.store, &settings.store, settings.master_key, clock).await?;
        if let Some(path) = opened.new_key_file {
            println!(
                "made the master key {}: back it up, apart from the store, which is noise without it",
                path.display()
            );
        }
        let tokenizer = Tokenizer::new(settings.config, opened.vault);
        let hangups = listen::drop_keys_on_hangup(tokenizer.clone())?;
        println!(
            "lunadefend tokenizer listening on http://{}",
            listener.local_addr()?
        );
        tokio::select! {
            served = listen::serve(listener, tokenizer) => served,
            () = hangups => Ok(()),
        }
    }
}
