//! `lunadefend serve`: a tokenizer that keeps its store.

use crate::{
    listen,
    settings::{HELP, Settings},
};
use anyhow::Result;
use clap::Args;
use lunadefend_jwt::SystemClock;
use lunadefend_secrets::ProcessEnvironment;
use lunadefend_tokenizer::open_embedded;
use std::{path::PathBuf, sync::Arc};

/// Run the tokenizer on one file.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Serve {
    /// The file of the embedded store; made when it is not there.
    #[arg(long, value_name = "PATH")]
    store: PathBuf,
}

impl Serve {
    pub(crate) async fn run(self) -> Result<()> {
        let settings = Settings::read(Arc::new(ProcessEnvironment)).await?;
        let opened = open_embedded(&self.store, settings.master_key, Arc::new(SystemClock)).await?;
        if let Some(path) = opened.new_key_file {
            println!(
                "made the master key {}: back it up, apart from the store, which is noise without it",
                path.display()
            );
        }
        let listener = listen::bind(settings.addr, "SECUREFRAME_HTTP_ADDR").await?;
        println!(
            "lunadefend tokenizer listening on http://{}",
            listener.local_addr()?
        );
        listen::serve(listener, settings.config, opened.vault).await
    }
}
