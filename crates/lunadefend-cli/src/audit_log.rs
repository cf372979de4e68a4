//! The audit log of `lunadefend serve`: its settings, and its start.

use crate::settings::secret;
use anyhow::{Context, Result};
use lunadefend_audit::{Audit, AuditFile, AuditKey, Head, Options, Stdout, Tail};
use lunadefend_core::provider::Clock;
use lunadefend_settings::{Settings, table};
use std::{
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

/// The value of the setting that stands for stdout.
const STDOUT: &str = "stdout";
/// How large a file grows by default.
const FULL_AT: u64 = 64 * 1024 * 1024;

/// The audit log as the settings want it.
#[derive(Debug)]
pub(crate) struct AuditLog {
    place: Place,
    key: AuditKey,
    required: bool,
}

#[derive(Debug)]
enum Place {
    Stdout,
    File { path: PathBuf, full_at: u64 },
}

impl AuditLog {
    /// Reads the settings, and the key. `None` when no log is asked for.
    pub(crate) async fn read(settings: &Settings) -> Result<Option<Self>> {
        let full_at = settings.bytes(&table::AUDIT_ROTATE)?;
        let required = settings.choice(&table::AUDIT_REQUIRED)? != Some("off");
        let key = key(settings).await?;
        let place = match settings.text(&table::AUDIT)?.as_deref() {
            Some(STDOUT) => Place::Stdout,
            Some(path) => Place::File {
                path: path.into(),
                full_at: full_at.unwrap_or(FULL_AT),
            },
            // Whoever gives a key believes that there is a log.
            None if key.is_some() => {
                let advice =
                    "set it to the path of the audit log, or to stdout; or unset the audit key";
                return Err(settings.missing(&table::AUDIT, advice).into());
            }
            None => return Ok(None),
        };
        let key = key.ok_or_else(|| {
            let advice = "set it to what `openssl rand -hex 32` prints, and keep a copy where logs are verified";
            settings.missing(&table::AUDIT_KEY, advice)
        })?;
        Ok(Some(Self {
            place,
            key,
            required,
        }))
    }

    /// Begins the log.
    pub(crate) fn start(self, clock: Arc<dyn Clock>) -> Result<Audit> {
        let Self {
            place,
            key,
            required,
        } = self;
        let options = |heads| Options {
            required,
            clock,
            heads,
        };
        let audit = match place {
            Place::Stdout => {
                let stdout = Stdout::open().context("stdout is closed")?;
                // Beside the lines they would be cut off with them.
                let heads = options(Box::new(|head| say(io::stderr(), head)));
                Audit::start(key, stdout, Tail::default(), heads)?
            }
            Place::File { path, full_at } => {
                let (file, tail) = AuditFile::open(&path, full_at)?;
                let heads = options(Box::new(|head| say(io::stdout(), head)));
                Audit::start(key, file, tail, heads)?
            }
        };
        Ok(audit)
    }
}

/// What a line with a head begins with.
pub(crate) const HEAD: &str = "lunadefend audit head ";

fn say(mut to: impl Write, head: &Head) {
    // Whoever has closed it keeps no heads; the log goes on.
    let _ = writeln!(to, "{HEAD}{head}");
}

/// Reads the audit key.
pub(crate) async fn key(settings: &Settings) -> Result<Option<AuditKey>> {
    let Some((secret, origin)) = secret(settings, &table::AUDIT_KEY).await? else {
        return Ok(None);
    };
    Ok(Some(AuditKey::from_secret(&secret, &origin)?))
}
