//! The store on PostgreSQL, in builds that have it.

use anyhow::Result;
use lunadefend_core::provider::Clock;
use lunadefend_settings::{Settings, table};
use lunadefend_vault::{MasterKey, Vault};
use std::sync::Arc;

#[cfg(feature = "postgres")]
mod present {
    use super::*;
    use crate::settings;
    use anyhow::Context;
    use lunadefend_vault_postgres::{PostgresOptions, PostgresStore};
    use std::path::Path;

    /// Where PostgreSQL is.
    #[derive(Debug)]
    pub(crate) struct Postgres {
        options: PostgresOptions,
        migrates: bool,
    }

    impl Postgres {
        /// Reads the settings; `None` without a URL.
        pub(crate) async fn read(settings: &Settings) -> Result<Option<Self>> {
            let migrates = settings.flag(&table::POSTGRES_MIGRATE)?;
            let connections = settings.integer(&table::POSTGRES_CONNECTIONS)?;
            let Some(url) = settings.text(&table::POSTGRES_URL)? else {
                return Ok(None);
            };
            let wrong =
                |setting, error: &dyn std::error::Error| settings.wrong(setting, error.to_string());
            let mut options = PostgresOptions::from_url(&url)
                .map_err(|error| wrong(&table::POSTGRES_URL, &error))?;
            if let Some(connections) = connections {
                options = options.max_connections(u32::try_from(connections)?);
            }
            if let Some(path) = settings.text(&table::POSTGRES_CA)? {
                options = options.root_certificates(Path::new(&path));
            }
            let password = settings::secret(settings, &table::POSTGRES_PASSWORD).await?;
            if let Some((password, _)) = password {
                options = options
                    .password(&password)
                    .map_err(|error| wrong(&table::POSTGRES_PASSWORD, &error))?;
            }
            Ok(Some(Self { options, migrates }))
        }

        pub(crate) async fn open(
            postgres: Option<Self>,
            master_key: Option<MasterKey>,
            clock: Arc<dyn Clock>,
        ) -> Result<Vault> {
            let postgres = there(postgres)?;
            let master_key = master_key.context(
                "LUNADEFEND_MASTER_KEY is not set: all tokenizers on one store have the same key; make one with openssl rand -hex 32, and back it up",
            )?;
            if postgres.migrates {
                PostgresStore::migrate(&postgres.options).await?;
            }
            let store = PostgresStore::open(&postgres.options).await?;
            Ok(Vault::open(Arc::new(store), &master_key, clock).await?)
        }

        pub(crate) async fn migrate(postgres: Option<Self>) -> Result<()> {
            Ok(PostgresStore::migrate(&there(postgres)?.options).await?)
        }
    }

    fn there(postgres: Option<Postgres>) -> Result<Postgres> {
        postgres.context(
            "LUNADEFEND_POSTGRES_URL is not set: set it to where PostgreSQL is, such as postgres://tokenizer@db.internal/tokenizer",
        )
    }
}

#[cfg(not(feature = "postgres"))]
mod missing {
    use super::*;
    use anyhow::bail;

    /// Never: this build has no PostgreSQL.
    #[derive(Debug)]
    pub(crate) enum Postgres {}

    const ADVICE: &str = "this build has no PostgreSQL: install one that has, with cargo install lunadefend-cli --features postgres";

    impl Postgres {
        pub(crate) async fn read(settings: &Settings) -> Result<Option<Self>> {
            match settings.text(&table::POSTGRES_URL)? {
                Some(_) => Err(settings.wrong(&table::POSTGRES_URL, ADVICE).into()),
                None => Ok(None),
            }
        }

        pub(crate) async fn open(
            _: Option<Self>,
            _: Option<MasterKey>,
            _: Arc<dyn Clock>,
        ) -> Result<Vault> {
            bail!("{ADVICE}")
        }

        pub(crate) async fn migrate(_: Option<Self>) -> Result<()> {
            bail!("{ADVICE}")
        }
    }
}

#[cfg(not(feature = "postgres"))]
pub(crate) use missing::Postgres;
#[cfg(feature = "postgres")]
pub(crate) use present::Postgres;
