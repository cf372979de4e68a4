//! The settings of `lunadefend serve`, from the environment and from a TOML file.

use crate::{audit_log::AuditLog, roots, stores::Stores, tls};
use anyhow::{Context, Result, bail};
use lunadefend::secrets::secret_providers;
use lunadefend_core::{
    GrantDuration,
    provider::{SecretValue, SettingError},
    wire::ValueKind,
};
use lunadefend_crypto::PublicKey;
use lunadefend_http::{BaseUrl, Cleartext, HttpClient};
use lunadefend_secrets::ProcessEnvironment;
use lunadefend_settings::{Environment, Setting, Settings, Side, bare_secret, help, table};
use lunadefend_tokenizer::{
    AuthProviders, ConfigError, CookiePolicy, GrantDurations, JwksSource, Limits, Origin, Tls,
    TokenizerConfig, TrustedProxies, ValuePolicy, VerificationKeys,
};
use lunadefend_vault::{MaskPolicy, MasterKey};
use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Returns the settings for the help of `lunadefend serve`.
pub(crate) fn serve_help() -> String {
    format!(
        "Settings from the environment. In the file of --config they have the same names in small letters, \
         without\nlunadefend_; what the environment has set wins.\n{}\n\
         HTTPS_PROXY, HTTP_PROXY and ALL_PROXY are not used, on purpose.",
        help(Side::Tokenizer)
    )
}

/// Opens the settings of a side from the environment of this process, without checking them.
pub(crate) fn of_process(side: Side, config: Option<&Path>) -> Result<Settings, SettingError> {
    open(side, Arc::new(ProcessEnvironment), config)
}

fn open(
    side: Side,
    environment: Arc<dyn Environment>,
    config: Option<&Path>,
) -> Result<Settings, SettingError> {
    let settings = Settings::from_environment(side, environment)?;
    match config {
        Some(path) => settings.with_toml_file(path),
        None => Ok(settings),
    }
}

/// Reads the address to listen on.
pub(crate) fn addr(settings: &Settings) -> Result<SocketAddr> {
    let text = settings.text(&table::LISTEN)?;
    let text = text.as_deref().unwrap_or(table::LISTEN.default);
    let advice = "write an address with a port, such as 0.0.0.0:17766";
    parse_addr(settings, &table::LISTEN, text, advice)
}

fn parse_addr(
    settings: &Settings,
    setting: &Setting,
    text: &str,
    advice: &'static str,
) -> Result<SocketAddr> {
    let addr = text.parse();
    addr.with_context(|| settings.wrong(setting, advice))
}

/// Reads the path of the admin socket, if one is set.
pub(crate) fn admin_socket(settings: &Settings) -> Result<Option<PathBuf>> {
    Ok(settings.text(&table::ADMIN_SOCKET)?.map(PathBuf::from))
}

/// Reads the address of the metrics, if one is set.
fn metrics_addr(settings: &Settings) -> Result<Option<SocketAddr>> {
    let advice = "write an address with a port, such as 127.0.0.1:9464";
    let text = settings.text(&table::METRICS_LISTEN)?;
    let addr = |text: String| parse_addr(settings, &table::METRICS_LISTEN, &text, advice);
    text.map(addr).transpose()
}

/// The parts of `lunadefend serve`.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) config: TokenizerConfig,
    pub(crate) tls: Option<Tls>,
    pub(crate) stores: Stores,
    pub(crate) master_key: Option<MasterKey>,
    pub(crate) next_master_key: Option<MasterKey>,
    pub(crate) admin_socket: Option<PathBuf>,
    pub(crate) audit: Option<AuditLog>,
    pub(crate) deletions: Option<PathBuf>,
    pub(crate) drain_delay: Duration,
    pub(crate) metrics_addr: Option<SocketAddr>,
}

impl Serving {
    /// Reads everything but the address, for a tokenizer that listens on `addr`.
    pub(crate) async fn read(settings: &Settings, addr: SocketAddr) -> Result<Self> {
        let config = config(settings, addr).map_err(|error| match error.downcast() {
            // The library calls settings by their variables.
            Ok(ConfigError::Setting(error)) => settings.spelled(error).into(),
            Ok(error) => error.into(),
            Err(error) => error,
        })?;
        Ok(Self {
            config,
            tls: tls::of_settings(settings)?,
            stores: Stores::read(settings).await?,
            admin_socket: admin_socket(settings)?,
            audit: AuditLog::read(settings).await?,
            deletions: settings.text(&table::DELETIONS_FILE)?.map(PathBuf::from),
            master_key: master_key(settings, &table::MASTER_KEY).await?,
            next_master_key: master_key(settings, &table::NEXT_MASTER_KEY).await?,
            metrics_addr: metrics_addr(settings)?,
            drain_delay: settings.duration(&table::DRAIN_DELAY)?.unwrap_or_default(),
        })
    }
}

fn config(settings: &Settings, addr: SocketAddr) -> Result<TokenizerConfig> {
    let cleartext = match settings.flag(&table::ALLOW_CLEARTEXT)? {
        true => Cleartext::Allowed,
        false => Cleartext::LoopbackOnly,
    };
    let url =
        |setting: &Setting, text: &str| BaseUrl::parse(text, settings.name_of(setting), cleartext);
    let public_url = match settings.text(&table::OWN_URL)? {
        Some(url) => url,
        None if addr.ip().is_loopback() => {
            let scheme = tls::scheme(settings.text(&table::TLS_CERT_FILE)?.is_some());
            format!("{scheme}://localhost:{}", addr.port())
        }
        None => {
            let advice = "set it to the URL at which browsers reach this tokenizer";
            return Err(settings.missing(&table::OWN_URL, advice).into());
        }
    };
    let public_url = url(&table::OWN_URL, &public_url)?;
    let providers = settings.text(&table::AUTH_PROVIDERS)?.ok_or_else(|| {
        let advice = "set it to the URL of the application, such as https://app.example.com";
        settings.missing(&table::AUTH_PROVIDERS, advice)
    })?;
    let name = settings.name_of(&table::AUTH_PROVIDERS);
    let providers = AuthProviders::parse(&providers, name, cleartext)?;
    let keys = session_keys(settings, cleartext)?;

    let mut config = TokenizerConfig::builder(public_url, keys, providers)
        .limits(limits(settings)?)
        .grant_durations(GrantDurations::new(
            grant_duration(
                settings,
                &table::GRANT_DEFAULT_DURATION,
                GrantDuration::DEFAULT,
            )?,
            grant_duration(
                settings,
                &table::GRANT_MAXIMUM_DURATION,
                GrantDuration::DEFAULT_MAX,
            )?,
        )?);
    if let Some(lifetime) = settings.duration(&table::MAX_JWT_LIFETIME)? {
        config = config.max_jwt_lifetime(lifetime);
    }
    if settings.choice(&table::COOKIES)? == Some("same-site") {
        config = config.cookie_policy(CookiePolicy::SameSite);
    }
    let name = settings.name_of(&table::APPLICATION_FRONT_END);
    for origin in settings.list(&table::APPLICATION_FRONT_END)? {
        config = config.application_origin(Origin::parse(&origin, name)?);
    }
    config = config
        .nested_pages(settings.flag(&table::NESTED_PAGES)?)
        .react_sdk(settings.flag(&table::REACT_SDK)?)
        .delete(settings.choice(&table::DELETE)? != Some("off"))
        .values(value_policy(settings)?);
    let name = settings.name_of(&table::TRUSTED_PROXIES);
    let proxies = settings.list(&table::TRUSTED_PROXIES)?;
    config = config.trusted_proxies(TrustedProxies::parse(proxies, name)?);
    if let Some(text) = settings.text(&table::BLOB_URL)? {
        config = config.blob_url(url(&table::BLOB_URL, &text)?);
    }
    Ok(config.build()?)
}

fn value_policy(settings: &Settings) -> Result<ValuePolicy, SettingError> {
    let mut masks = MaskPolicy::default();
    for name in settings.list(&table::MASK_KINDS)? {
        let with = ValueKind::from_name(&name).and_then(|kind| masks.with(kind));
        masks = with.ok_or_else(|| {
            settings.wrong(&table::MASK_KINDS, "write ssn, date, card-expiry or text")
        })?;
    }
    Ok(ValuePolicy {
        frame_only: settings.flag(&table::FRAME_ONLY)?,
        application_masks: settings.choice(&table::MASKS)? == Some("application"),
        masks,
    })
}

fn limits(settings: &Settings) -> Result<Limits, SettingError> {
    let mut limits = Limits::default();
    for (limit, setting) in [
        (&mut limits.max_value, &table::MAX_VALUE),
        (&mut limits.session_bytes, &table::SESSION_BYTES),
    ] {
        if let Some(bytes) = settings.bytes(setting)? {
            *limit = bytes;
        }
    }
    for (limit, setting) in [
        (&mut limits.session_values, &table::SESSION_VALUES),
        (&mut limits.deletes_per_hour, &table::DELETES_PER_HOUR),
        (&mut limits.max_connections, &table::MAX_CONNECTIONS),
    ] {
        if let Some(number) = number(settings, setting)? {
            *limit = number;
        }
    }
    for (limit, setting) in [
        (&mut limits.session_requests, &table::SESSION_REQUESTS),
        (&mut limits.session_reads, &table::SESSION_READS),
        (&mut limits.reads, &table::READS),
        (&mut limits.refusals, &table::REFUSALS),
    ] {
        if let Some(number) = number(settings, setting)? {
            *limit = NonZeroU32::new(number);
        }
    }
    for (limit, setting) in [
        (&mut limits.idle, &table::IDLE_TIMEOUT),
        (&mut limits.header_read, &table::HEAD_TIMEOUT),
        (&mut limits.body_read, &table::BODY_TIMEOUT),
        (&mut limits.request, &table::REQUEST_TIMEOUT),
        (&mut limits.write_stall, &table::WRITE_TIMEOUT),
        (&mut limits.drain, &table::STOP_TIMEOUT),
    ] {
        if let Some(time) = settings.duration(setting)? {
            *limit = time;
        }
    }
    Ok(limits)
}

/// Reads an integer that its setting bounds to 32 bits.
fn number(settings: &Settings, setting: &Setting) -> Result<Option<u32>, SettingError> {
    let number = settings.integer(setting)?;
    Ok(number.map(|number| u32::try_from(number).unwrap_or(u32::MAX)))
}

fn grant_duration(
    settings: &Settings,
    setting: &Setting,
    default: GrantDuration,
) -> Result<GrantDuration, SettingError> {
    let duration = settings.duration(setting)?.map(GrantDuration::new);
    duration
        .unwrap_or(Ok(default))
        .map_err(|error| settings.wrong(setting, error.to_string()))
}

fn session_keys(settings: &Settings, cleartext: Cleartext) -> Result<VerificationKeys> {
    let url = settings.text(&table::SESSION_JWKS_URL)?;
    let public_key = settings.text(&table::SESSION_PUBLIC_KEY)?;
    let names = [&table::SESSION_JWKS_URL, &table::SESSION_PUBLIC_KEY];
    let [url_name, key_name] = names.map(|setting| settings.name_of(setting));
    match (url, public_key) {
        (Some(url), None) => {
            let url = BaseUrl::parse(&url, url_name, cleartext)?;
            if url.is_https()
                && let Some(problem) = roots::problem(&**settings.environment())
            {
                bail!("{problem}");
            }
            let http = HttpClient::builder().tls(url.is_https()).build()?;
            let mut source = JwksSource::new(url, http)?;
            if let Some(time) = settings.duration(&table::STALE_IF_ERROR)? {
                source = source.stale_if_error(time)?;
            }
            Ok(VerificationKeys::Jwks(source))
        }
        (None, Some(key)) => Ok(VerificationKeys::Public(PublicKey::parse(
            key.as_bytes(),
            key_name,
        )?)),
        (None, None) => bail!(
            "{url_name} is not set: set it to the application's key set, such as https://app.example.com/.lunasec/jwks.json, or set {key_name}"
        ),
        (Some(_), Some(_)) => {
            bail!("{url_name} and {key_name} are both set: unset one of them")
        }
    }
}

/// Reads the master key, or the next one.
pub(crate) async fn master_key(
    settings: &Settings,
    setting: &Setting,
) -> Result<Option<MasterKey>> {
    let Some((secret, origin)) = secret(settings, setting).await? else {
        return Ok(None);
    };
    Ok(Some(MasterKey::from_secret(&secret, &origin)?))
}

/// Reads a secret once, without the line breaks around it; also where it came from.
pub(crate) async fn secret(
    settings: &Settings,
    setting: &Setting,
) -> Result<Option<(SecretValue, String)>> {
    let Some(settings) = settings.secret(setting) else {
        return Ok(None);
    };
    let provider = secret_providers().make(settings)?;
    let secret = provider.fetch().await?.current.value;
    let secret = SecretValue::new(bare_secret(secret.expose_secret()));
    Ok(Some((secret, provider.origin())))
}

#[cfg(test)]
mod tests;
