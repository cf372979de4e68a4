//! The settings of `lunadefend serve`, by the original's names where it has them.

use crate::{bytes, roots};
use anyhow::{Context, Result, bail};
use lunadefend::secrets::{Environment, SecretSettings, refuse_misspelled, secret_providers};
use lunadefend_core::{GrantDuration, SecretValue, parse_duration};
use lunadefend_crypto::PublicKey;
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_tokenizer::{
    AuthProviders, CookiePolicy, GrantDurations, JwksSource, Limits, Origin, TokenizerConfig,
    VerificationKeys,
};
use lunadefend_vault::MasterKey;
use lunadefend_vault_redb::EmbeddedOptions;
use std::{net::SocketAddr, ops::RangeInclusive, sync::Arc, time::Duration};

/// What the help of `lunadefend serve` says about them.
pub(crate) const HELP: &str = "\
Settings from the environment:
  TOKENIZER_URL            where browsers reach this tokenizer, such as
                           https://tokenizer.example.com [default: http://localhost:<port>]
  SECUREFRAME_HTTP_ADDR    the address to listen on [default: 127.0.0.1:17766]
  SESSION_JWKS_URL         the application's key set, such as
                           https://app.example.com/.lunasec/jwks.json
  SESSION_PUBLIC_KEY       instead of it: the application's one public key, PEM or base64 of it
  LUNADEFEND_JWKS_STALE_IF_ERROR
                           how long the last key set serves after it was fresh, when no newer
                           one can be fetched; 0s is never [default: 15m]
  AUTH_PROVIDERS           who knows the users: a URL, or
                           {\"app\":{\"url\":\"https://app.example.com\",\"default\":true}}
  APPLICATION_FRONT_END    origins of the application's pages, separated by commas
  GRANT_DEFAULT_DURATION   how long a grant lives when nobody says [default: 15m]
  GRANT_MAXIMUM_DURATION   how long it may live at most [default: 1h]
  BLOB_URL                 another URL of this tokenizer for values only (recommended)
  LUNADEFEND_COOKIES       cross-site, or same-site when application and tokenizer are
                           sub-domains of one site (recommended) [default: cross-site]
  LUNADEFEND_MAX_VALUE     the longest value, such as 64MiB [default: 16MiB, at most 1GiB]
  LUNADEFEND_SESSION_VALUES  how many values one session may store from the frame in 24 hours
                           [default: 64]
  LUNADEFEND_SESSION_BYTES   how long these may be together [default: 256MiB]
  LUNADEFEND_DISK_RESERVE  new values are refused while less than this is free on the disk of the
                           store, so that grants and sessions go on; 0 for never
                           [default: 128MiB]
  LUNADEFEND_MASTER_KEY    32 bytes as hex or base64 that seal the store; without it they are
                           kept in <STORE>.key. LUNADEFEND_MASTER_KEY_PROVIDER takes them from
                           elsewhere: file with LUNADEFEND_MASTER_KEY_PATH, or another provider
                           with its settings under this prefix
  LUNADEFEND_IDLE_TIMEOUT  how long a connection is kept without a request: longer than the proxy
                           in front keeps its own to the tokenizer [default: 11m]
  LUNADEFEND_ALLOW_CLEARTEXT  true permits http:// to other hosts than loopback
  SSL_CERT_FILE, SSL_CERT_DIR  a PEM file of root certificates, or folders of such files, in place
                           of the system's: for a SESSION_JWKS_URL with a certificate of your own
  RUST_LOG                 what is logged [default: warn]

HTTPS_PROXY, HTTP_PROXY and ALL_PROXY are not used, on purpose.";

pub(crate) const ADDR: &str = "SECUREFRAME_HTTP_ADDR";
const IDLE_TIMEOUT: &str = "LUNADEFEND_IDLE_TIMEOUT";
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const STALE_IF_ERROR: &str = "LUNADEFEND_JWKS_STALE_IF_ERROR";
/// Below the ports that Linux gives to outgoing connections (32768 to 60999), one of which could have
/// it at the start.
const DEFAULT_PORT: u16 = 17766;

/// The settings, parsed.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) config: TokenizerConfig,
    pub(crate) store: EmbeddedOptions,
    pub(crate) master_key: Option<MasterKey>,
}

/// The address to listen on.
pub(crate) fn addr(environment: &dyn Environment) -> Result<SocketAddr> {
    text(environment, ADDR)?
        .map_or(
            Ok(SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT))),
            |text| text.parse(),
        )
        .with_context(|| {
            format!("{ADDR} is wrong: write an address with a port, such as 0.0.0.0:17766")
        })
}

impl Settings {
    /// Reads the rest, for a tokenizer that listens on `addr`.
    pub(crate) async fn read(environment: Arc<dyn Environment>, addr: SocketAddr) -> Result<Self> {
        refuse_misspelled(&*environment)?;
        let get = |name: &'static str| text(&*environment, name);
        let cleartext = match get("LUNADEFEND_ALLOW_CLEARTEXT")?.as_deref() {
            Some("true" | "1") => Cleartext::Allowed,
            None | Some("false" | "0") => Cleartext::LoopbackOnly,
            Some(_) => bail!("LUNADEFEND_ALLOW_CLEARTEXT is wrong: write true or false"),
        };
        let public_url = match get("TOKENIZER_URL")? {
            Some(url) => url,
            None if addr.ip().is_loopback() => format!("http://localhost:{}", addr.port()),
            None => bail!(
                "TOKENIZER_URL is not set: set it to the URL at which browsers reach this tokenizer"
            ),
        };
        let public_url = BaseUrl::parse(&public_url, "TOKENIZER_URL", cleartext)?;
        let providers = get("AUTH_PROVIDERS")?.context(
            "AUTH_PROVIDERS is not set: set it to the URL of the application, such as https://app.example.com",
        )?;
        let providers = AuthProviders::parse(&providers, "AUTH_PROVIDERS", cleartext)?;
        let jwks_url = get("SESSION_JWKS_URL")?;
        if jwks_url
            .as_ref()
            .is_some_and(|url| url.starts_with("https:"))
            && let Some(problem) = roots::problem(&*environment)
        {
            bail!("{problem}");
        }
        let keys = session_keys(
            jwks_url,
            get("SESSION_PUBLIC_KEY")?,
            time(
                STALE_IF_ERROR,
                get(STALE_IF_ERROR)?,
                Duration::ZERO..=JwksSource::MAX_STALE_IF_ERROR,
                "0s to 24h, such as 15m",
            )?,
            cleartext,
        )?;

        let mut config = TokenizerConfig::builder(public_url, keys, providers)
            .limits(limits(&*environment)?)
            .grant_durations(GrantDurations::new(
                duration(
                    "GRANT_DEFAULT_DURATION",
                    get("GRANT_DEFAULT_DURATION")?,
                    GrantDuration::DEFAULT,
                )?,
                duration(
                    "GRANT_MAXIMUM_DURATION",
                    get("GRANT_MAXIMUM_DURATION")?,
                    GrantDuration::DEFAULT_MAX,
                )?,
            )?)
            .cookie_policy(match get("LUNADEFEND_COOKIES")?.as_deref() {
                None | Some("cross-site") => CookiePolicy::CrossSite,
                Some("same-site") => CookiePolicy::SameSite,
                Some(_) => bail!("LUNADEFEND_COOKIES is wrong: write cross-site or same-site"),
            });
        for origin in get("APPLICATION_FRONT_END")?
            .iter()
            .flat_map(|list| list.split(','))
        {
            config =
                config.application_origin(Origin::parse(origin.trim(), "APPLICATION_FRONT_END")?);
        }
        if let Some(url) = get("BLOB_URL")? {
            config = config.blob_url(BaseUrl::parse(&url, "BLOB_URL", cleartext)?);
        }
        Ok(Self {
            config: config.build()?,
            store: EmbeddedOptions::default().reserve(size(
                &*environment,
                "LUNADEFEND_DISK_RESERVE",
                0..=u64::MAX,
                EmbeddedOptions::RESERVE,
            )?),
            master_key: master_key(environment).await?,
        })
    }
}

/// An empty variable counts as one that is not set, as with the original; the keys do not go by here.
fn text(environment: &dyn Environment, name: &'static str) -> Result<Option<String>> {
    let text = environment.text(name)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

fn limits(environment: &dyn Environment) -> Result<Limits> {
    const VALUES: &str = "LUNADEFEND_SESSION_VALUES";
    let mut limits = Limits::default();
    let largest = 1..=Limits::MAX_VALUE;
    limits.max_value = size(
        environment,
        "LUNADEFEND_MAX_VALUE",
        largest,
        limits.max_value,
    )?;
    let bytes = 1..=u64::MAX;
    limits.session_bytes = size(
        environment,
        "LUNADEFEND_SESSION_BYTES",
        bytes,
        limits.session_bytes,
    )?;
    if let Some(text) = text(environment, VALUES)? {
        let values = text.parse().ok().filter(|values| *values > 0);
        limits.session_values =
            values.with_context(|| format!("{VALUES} is wrong: write a number from 1 on"))?;
    }
    let idle = text(environment, IDLE_TIMEOUT)?;
    let bounds = SECOND..=24 * HOUR;
    if let Some(idle) = time(IDLE_TIMEOUT, idle, bounds, "1s to 24h, such as 11m")? {
        limits.idle = idle;
    }
    Ok(limits)
}

fn size(
    environment: &dyn Environment,
    name: &'static str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<u64> {
    text(environment, name)?.map_or(Ok(default), |text| bytes::parse(name, &text, range))
}

fn duration(name: &str, text: Option<String>, default: GrantDuration) -> Result<GrantDuration> {
    text.map_or(Ok(default), |text| text.parse())
        .with_context(|| format!("{name} is wrong"))
}

/// A length of time within bounds; `what` says which ones.
fn time(
    name: &str,
    text: Option<String>,
    bounds: RangeInclusive<Duration>,
    what: &str,
) -> Result<Option<Duration>> {
    let Some(text) = text else { return Ok(None) };
    match parse_duration(text.trim()) {
        Ok(time) if bounds.contains(&time) => Ok(Some(time)),
        _ => bail!("{name} is wrong: write {what}"),
    }
}

fn session_keys(
    jwks_url: Option<String>,
    public_key: Option<String>,
    stale_if_error: Option<Duration>,
    cleartext: Cleartext,
) -> Result<VerificationKeys> {
    match (jwks_url, public_key) {
        (Some(url), None) => {
            let url = BaseUrl::parse(&url, "SESSION_JWKS_URL", cleartext)?;
            let http = HttpClient::builder().tls(url.is_https()).build()?;
            let mut source = JwksSource::new(url, http)?;
            if let Some(time) = stale_if_error {
                source = source.stale_if_error(time)?;
            }
            Ok(VerificationKeys::Jwks(source))
        }
        (None, Some(key)) => Ok(VerificationKeys::Public(PublicKey::parse(
            key.as_bytes(),
            "environment variable SESSION_PUBLIC_KEY",
        )?)),
        (None, None) => bail!(
            "SESSION_JWKS_URL is not set: set it to the application's key set, such as https://app.example.com/.lunasec/jwks.json, or set SESSION_PUBLIC_KEY"
        ),
        (Some(_), Some(_)) => {
            bail!("SESSION_JWKS_URL and SESSION_PUBLIC_KEY are both set: unset one of them")
        }
    }
}

async fn master_key(environment: Arc<dyn Environment>) -> Result<Option<MasterKey>> {
    const NAME: &str = "LUNADEFEND_MASTER_KEY";
    // A key that is named by another provider needs no variable of its own.
    if environment.get(NAME).is_none()
        && environment.get("LUNADEFEND_MASTER_KEY_PROVIDER").is_none()
    {
        return Ok(None);
    }
    let settings = SecretSettings::from_environment(NAME, NAME, environment);
    let provider = secret_providers().make(settings)?;
    let secret: SecretValue = provider.fetch().await?.current.value;
    Ok(Some(MasterKey::from_secret(&secret, &provider.origin())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_secrets::FixedEnvironment;

    const LEAST: [(&str, &str); 2] = [
        (
            "SESSION_JWKS_URL",
            "http://localhost:3000/.lunasec/jwks.json",
        ),
        ("AUTH_PROVIDERS", "http://localhost:3000"),
    ];

    async fn read(more: &[(&str, &str)]) -> Result<Settings> {
        let variables = LEAST
            .iter()
            .chain(more)
            .map(|(name, value)| (*name, *value));
        let environment = Arc::new(FixedEnvironment::from_iter(variables));
        let addr = addr(&*environment)?;
        Settings::read(environment, addr).await
    }

    #[tokio::test]
    async fn the_least_is_enough_on_loopback() {
        let settings = read(&[]).await.unwrap();
        assert_eq!(
            addr(&FixedEnvironment::default()).unwrap().to_string(),
            "127.0.0.1:17766"
        );
        assert!(settings.master_key.is_none());
    }

    #[tokio::test]
    async fn every_wrong_setting_is_named_and_not_echoed() {
        for (name, value) in [
            ("SECUREFRAME_HTTP_ADDR", "canary"),
            ("TOKENIZER_URL", "canary"),
            ("TOKENIZER_URL", "http://tokenizer.example.com"),
            ("TOKENIZER_URL", "https://user:canary@tokenizer.example.com"),
            ("SESSION_JWKS_URL", "http://app.example.com/jwks.json"),
            ("SESSION_PUBLIC_KEY", "canary"),
            ("AUTH_PROVIDERS", "[\"canary\"]"),
            ("AUTH_PROVIDERS", "{}"),
            ("APPLICATION_FRONT_END", "*"),
            ("GRANT_DEFAULT_DURATION", "1d"),
            ("GRANT_DEFAULT_DURATION", "2h"),
            ("GRANT_MAXIMUM_DURATION", "0s"),
            ("BLOB_URL", "ftp://canary"),
            ("LUNADEFEND_COOKIES", "canary"),
            ("LUNADEFEND_MAX_VALUE", "canary"),
            ("LUNADEFEND_MAX_VALUE", "0"),
            ("LUNADEFEND_MAX_VALUE", "16MB"),
            ("LUNADEFEND_MAX_VALUE", "2GiB"),
            ("LUNADEFEND_MAX_VALUE", "257MiB"),
            ("LUNADEFEND_SESSION_VALUES", "canary"),
            ("LUNADEFEND_SESSION_VALUES", "0"),
            ("LUNADEFEND_SESSION_VALUES", "1.5"),
            ("LUNADEFEND_SESSION_BYTES", "canary"),
            ("LUNADEFEND_SESSION_BYTES", "15MiB"),
            ("LUNADEFEND_DISK_RESERVE", "canary"),
            ("LUNADEFEND_MAX_VALUES", "canary"),
            ("LUNADEFEND_MASTER_KEY", "canary"),
            ("LUNADEFEND_MASTER_KEY", ""),
            ("LUNADEFEND_MASTER_KEY_PROVIDER", "canary"),
            ("LUNADEFEND_COOKIE", "canary"),
            ("LUNADEFEND_IDLE_TIMEOUT", "canary"),
            ("LUNADEFEND_IDLE_TIMEOUT", "0s"),
            ("LUNADEFEND_IDLE_TIMEOUT", "24h1s"),
            ("LUNADEFEND_JWKS_STALE_IF_ERROR", "canary"),
            ("LUNADEFEND_JWKS_STALE_IF_ERROR", "-1s"),
            ("LUNADEFEND_JWKS_STALE_IF_ERROR", "24h1s"),
            ("LUNADEFEND_ALLOW_CLEARTEXT", "canary"),
            ("SESSION_JWKS_URL", "canary"),
        ] {
            let error = format!("{:#}", read(&[(name, value)]).await.unwrap_err());
            assert!(error.contains(name), "{name}={value}: {error}");
            assert!(!error.contains("canary"), "{name}={value}: {error}");
        }
    }

    #[test]
    fn the_default_port_is_no_ephemeral_one() {
        // `ip_local_port_range` of Linux; IANA's range for private use begins at 49152.
        assert!((1024..32768).contains(&DEFAULT_PORT));
        assert!(HELP.contains(&format!("[default: 127.0.0.1:{DEFAULT_PORT}]")));
    }

    #[tokio::test]
    async fn roots_that_cannot_be_used_end_a_start_that_needs_them() {
        let roots = ("SSL_CERT_FILE", "/no/such/ca.pem");
        let https = "https://app.example.com/.lunasec/jwks.json";
        let error = read(&[roots, ("SESSION_JWKS_URL", https)]).await;
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("SSL_CERT_FILE names a file that is not there"),
            "{text}"
        );
        assert!(
            read(&[roots]).await.is_ok(),
            "a key set on loopback needs none"
        );
    }

    #[tokio::test]
    async fn times_reach_the_tokenizer() {
        let shown = async |more: &[(&str, &str)]| {
            let settings = read(more).await.unwrap();
            format!("{:?}", settings.config)
        };
        let default = shown(&[]).await;
        assert!(default.contains("idle: 660s"), "{default}");
        assert!(default.contains("stale_if_error: 900s"), "{default}");
        let set = shown(&[(IDLE_TIMEOUT, "2m"), (STALE_IF_ERROR, "0s")]).await;
        assert!(set.contains("idle: 120s"), "{set}");
        assert!(set.contains("stale_if_error: 0ns"), "{set}");
    }

    #[tokio::test]
    async fn sizes_and_quotas() {
        let limits = |more: &[(&str, &str)]| {
            let environment = FixedEnvironment::from_iter(more.iter().copied());
            let limits = limits(&environment).unwrap();
            (
                limits.max_value,
                limits.session_values,
                limits.session_bytes,
            )
        };
        const MIB: u64 = 1024 * 1024;
        assert_eq!(limits(&[]), (16 * MIB, 64, 256 * MIB));
        let all = [
            ("LUNADEFEND_MAX_VALUE", "1GiB"),
            ("LUNADEFEND_SESSION_VALUES", "7"),
            ("LUNADEFEND_SESSION_BYTES", "2 GiB"),
            ("LUNADEFEND_DISK_RESERVE", "0"),
        ];
        assert_eq!(limits(&all), (1024 * MIB, 7, 2048 * MIB));
        assert!(read(&all).await.is_ok());
        for (name, _) in all {
            assert!(
                HELP.contains(&format!("  {name} ")),
                "{name} is in the help"
            );
        }
    }

    #[tokio::test]
    async fn the_master_key_comes_from_any_provider() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789abcdef".repeat(4)).unwrap();
        let path = file.path().to_str().unwrap();
        let settings = read(&[
            ("LUNADEFEND_MASTER_KEY_PROVIDER", "file"),
            ("LUNADEFEND_MASTER_KEY_PATH", path),
        ])
        .await;
        assert!(settings.unwrap().master_key.is_some());
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        for name in ["SESSION_JWKS_URL", "AUTH_PROVIDERS"] {
            let error = format!("{:#}", read(&[(name, "")]).await.unwrap_err());
            assert!(error.contains(&format!("{name} is not set")), "{error}");
        }
        let error = read(&[("SECUREFRAME_HTTP_ADDR", "0.0.0.0:80")])
            .await
            .unwrap_err();
        assert!(error.to_string().contains("TOKENIZER_URL is not set"));
    }
}
