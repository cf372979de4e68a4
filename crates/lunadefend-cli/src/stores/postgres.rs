//! The store on PostgreSQL, in builds that have it.

use anyhow::Result;
use lunadefend_settings::{Settings, table};
use lunadefend_vault::store::Store;
use std::sync::Arc;

#[cfg(feature = "postgres")]
mod present {
    use super::*;
    use crate::settings;
    use lunadefend_core::provider::SettingError;
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
            postgres: Option<&Self>,
            settings: &Settings,
        ) -> Result<Arc<dyn Store>> {
            let postgres = there(postgres, settings)?;
            if postgres.migrates {
                PostgresStore::migrate(&postgres.options).await?;
            }
            Ok(Arc::new(PostgresStore::open(&postgres.options).await?))
        }

        pub(crate) async fn migrate(postgres: Option<&Self>, settings: &Settings) -> Result<()> {
            Ok(PostgresStore::migrate(&there(postgres, settings)?.options).await?)
        }
    }

    fn there<'a>(
        postgres: Option<&'a Postgres>,
        settings: &Settings,
    ) -> Result<&'a Postgres, SettingError> {
        postgres.ok_or_else(|| {
            settings.missing(
                &table::POSTGRES_URL,
                "set it to where PostgreSQL is, such as postgres://tokenizer@db.internal/tokenizer",
            )
        })
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

        pub(crate) async fn open(_: Option<&Self>, _: &Settings) -> Result<Arc<dyn Store>> {
            bail!("{ADVICE}")
        }

        pub(crate) async fn migrate(_: Option<&Self>, _: &Settings) -> Result<()> {
            bail!("{ADVICE}")
        }
    }
}

#[cfg(not(feature = "postgres"))]
pub(crate) use missing::Postgres;
#[cfg(feature = "postgres")]
pub(crate) use present::Postgres;
