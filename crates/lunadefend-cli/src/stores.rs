//! Which store a command names: a file, `postgres` or `aws`.

mod aws;
mod postgres;

use crate::settings::master_key;
use anyhow::{Result, ensure};
use aws::Aws;
use lunadefend_core::provider::Clock;
use lunadefend_settings::{Settings, table};
use lunadefend_vault::{MasterKey, MasterKeys, Vault, store::Store};
use lunadefend_vault_redb::{
    EmbeddedOptions, EmbeddedStore, MasterKeyFile, Opened, compact, open_embedded_with,
};
use postgres::Postgres;
use std::{path::Path, sync::Arc};

/// What the settings say of all stores; a command names one of them.
#[derive(Debug)]
pub(crate) struct Stores {
    embedded: EmbeddedOptions,
    postgres: Option<Postgres>,
    aws: Option<Aws>,
}

impl Stores {
    pub(crate) async fn read(settings: &Settings) -> Result<Self> {
        let reserve = settings.bytes(&table::DISK_RESERVE)?;
        Ok(Self {
            embedded: EmbeddedOptions::default()
                .reserve(reserve.unwrap_or(EmbeddedOptions::RESERVE)),
            postgres: Postgres::read(settings).await?,
            aws: Aws::read(settings)?,
        })
    }

    /// Opens the vault of the store of this name, with its master key and the next one.
    pub(crate) async fn vault(
        &self,
        name: &Path,
        settings: &Settings,
        (master_key, next): (Option<MasterKey>, Option<MasterKey>),
        clock: Arc<dyn Clock>,
    ) -> Result<Vault> {
        if !is_shared(name) {
            let options = self.embedded.clone().next_master_key(next);
            let opened = open_embedded_with(name, &options, master_key, clock).await?;
            return Ok(told(opened));
        }
        let master_key = master_key.ok_or_else(|| {
            settings.missing(
                &table::MASTER_KEY,
                "all tokenizers on one store have the same key; make one with openssl rand -hex 32, and back it up",
            )
        })?;
        let masters = MasterKeys::from(master_key).with_next(next);
        let store = self.store(name, settings).await?;
        Ok(Vault::open(store, masters, clock).await?)
    }

    /// Returns the master keys for a store of this name: of the settings, or of `<file>.key`.
    pub(crate) async fn masters(&self, name: &Path, settings: &Settings) -> Result<MasterKeys> {
        self.known_masters(name, settings).await?.ok_or_else(|| {
            let advice = match is_shared(name) {
                true => "set it to the master key of the store",
                false => "set it to the master key of the store, or put its key file beside it, as <file>.key",
            };
            settings.missing(&table::MASTER_KEY, advice).into()
        })
    }

    /// The same; `None` when there is none.
    pub(crate) async fn known_masters(
        &self,
        name: &Path,
        settings: &Settings,
    ) -> Result<Option<MasterKeys>> {
        let next = master_key(settings, &table::NEXT_MASTER_KEY).await?;
        let key = match master_key(settings, &table::MASTER_KEY).await? {
            None if !is_shared(name) => MasterKeyFile::for_store(name).load()?,
            key => key,
        };
        Ok(key.map(|key| MasterKeys::from(key).with_next(next)))
    }

    /// Opens the file of an embedded store, without its key.
    pub(crate) fn embedded(&self, file: &Path) -> Result<EmbeddedStore> {
        Ok(EmbeddedStore::open(file, &self.embedded)?)
    }

    /// Compacts the file of an embedded store.
    pub(crate) fn compact(&self, file: &Path) -> Result<()> {
        compact(file, &self.embedded)?;
        Ok(())
    }

    /// Opens the store of this name, without its key.
    pub(crate) async fn store(&self, name: &Path, settings: &Settings) -> Result<Arc<dyn Store>> {
        match name.to_str() {
            Some("postgres") => Postgres::open(self.postgres.as_ref(), settings).await,
            Some("aws") => Aws::open(self.aws.as_ref(), settings).await,
            _ => Ok(Arc::new(self.embedded(name)?)),
        }
    }

    /// Makes or upgrades the schema on PostgreSQL.
    pub(crate) async fn migrate(&self, settings: &Settings) -> Result<()> {
        Postgres::migrate(self.postgres.as_ref(), settings).await
    }

    /// Makes the table and the bucket on AWS.
    pub(crate) async fn create(&self, settings: &Settings) -> Result<()> {
        Aws::create(self.aws.as_ref(), settings).await
    }
}

/// Refuses the name of a file that is not there.
pub(crate) fn require_there(name: &Path) -> Result<()> {
    ensure!(
        is_shared(name) || name.is_file(),
        "{} is no file, nor `postgres` or `aws`",
        name.display()
    );
    Ok(())
}

/// Returns whether it is the name of a store that several tokenizers share.
pub(crate) fn is_shared(name: &Path) -> bool {
    matches!(name.to_str(), Some("postgres" | "aws"))
}

fn told(opened: Opened) -> Vault {
    if let Some(path) = opened.new_key_file {
        println!(
            "made the master key {}: back it up, apart from the store, which is noise without it",
            path.display()
        );
    }
    opened.vault
}
