//! `lunadefend dev`: a tokenizer for development, in one process, with a store that ends with it.

use crate::{listen, tls};
use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Args;
use lunadefend_core::provider::{SecretError, SecretProvider};
use lunadefend_crypto::{GeneratedKey, PublicKey, RsaBits, SigningKey};
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::SystemClock;
use lunadefend_secrets::EnvironmentSecret;
use lunadefend_tokenizer::{AuthProviders, Origin, Tokenizer, TokenizerConfig, VerificationKeys};
use lunadefend_vault_redb::open_embedded;
use secrecy::ExposeSecret;
use std::{net::SocketAddr, sync::Arc};

/// Run a tokenizer for development: temporary store, loopback only.
///
/// Prints the lines for the application's environment. Uses LUNASEC_SIGNING_KEY if it is set; otherwise makes
/// a key.
#[derive(Args)]
pub(crate) struct Dev {
    /// The loopback address to listen on.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:17766")]
    addr: SocketAddr,
    /// The URL of the application, as browsers open it.
    #[arg(long, value_name = "URL", default_value = "http://localhost:3000")]
    app: String,
    /// Speak TLS, with a certificate made for it, so that `__Host-` cookies can be tried.
    #[arg(long)]
    tls: bool,
}

impl Dev {
    pub(crate) async fn run(self) -> Result<()> {
        ensure!(
            self.addr.ip().is_loopback(),
            "`lunadefend dev` listens on loopback only: use `lunadefend serve` for anything else"
        );
        let (key, line) = signing_key().await?;
        let listener = listen::bind(self.addr, "--addr").await?;
        let mut signals = listen::stop_signals()?;
        let stop = async move { signals.next().await };
        let port = listener.local_addr()?.port();
        let url = format!("{}://localhost:{port}", tls::scheme(self.tls));
        let config = config(&url, key, &self.app)?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let certificate = folder.path().join("localhost.pem");
        let tls = self
            .tls
            .then(|| tls::self_signed(&certificate))
            .transpose()?;
        let opened =
            open_embedded(&folder.path().join("dev.redb"), None, Arc::new(SystemClock)).await?;

        println!("lunadefend tokenizer for development: everything in it is gone when it ends.");
        println!(
            "Put this into the environment of the application at {}:\n",
            self.app
        );
        println!("TOKENIZER_URL={url}");
        if self.tls {
            println!(
                "# The certificate of this start: the application trusts it, and no other.\nSSL_CERT_FILE={}",
                certificate.display()
            );
        }
        println!("{line}\n");
        println!(
            "Open the application at exactly {}: {}.",
            self.app,
            other_name(&self.app)
        );
        if self.tls {
            println!(
                "Open {url}/live first and accept its certificate: until then the browser shows no secure fields."
            );
        }
        println!();
        listen::serve(listener, tls, Tokenizer::new(config, opened.vault), stop).await
    }
}

/// Makes the configuration. The published demo key may sign here: the store holds only test data, and ends
/// with the process.
fn config(url: &str, key: PublicKey, app: &str) -> Result<TokenizerConfig> {
    let config = TokenizerConfig::builder(
        BaseUrl::parse(url, "--addr", Cleartext::LoopbackOnly)?,
        VerificationKeys::Public(key),
        AuthProviders::parse(app, "--app", Cleartext::LoopbackOnly)?,
    )
    .application_origin(Origin::parse(app, "--app")?)
    .allow_demo_key(true);
    Ok(config.build()?)
}

/// Returns advice about the host name under which a browser opens the application.
fn other_name(app: &str) -> &'static str {
    if app.contains("://127.0.0.1") {
        "a browser does not send cookies of 127.0.0.1 to localhost, nor the other way round"
    } else if app.contains("://localhost") {
        "a browser does not send cookies of localhost to 127.0.0.1, nor the other way round"
    } else {
        "a browser does not send its cookies to another name or address of it"
    }
}

/// Returns the public key to trust, and the line that gives the application its signing key.
async fn signing_key() -> Result<(PublicKey, String)> {
    const NAME: &str = "LUNASEC_SIGNING_KEY";
    let provider = EnvironmentSecret::new(NAME);
    let secret = match provider.fetch().await {
        Ok(versions) => versions.current.value,
        Err(SecretError::NotFound { .. }) => {
            let generated = GeneratedKey::generate(RsaBits::default())?;
            let line = format!(
                "# The next start makes another key, unless {NAME} is set in its own environment.\n{NAME}={}",
                STANDARD.encode(generated.pem.expose_secret())
            );
            return Ok((generated.key.public_key().clone(), line));
        }
        Err(error) => return Err(error.into()),
    };
    let key = SigningKey::parse_allowing_demo_key(secret.expose_secret(), &provider.origin())?;
    Ok((
        key.public_key().clone(),
        format!("# {NAME}: as it is set here"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_key_may_sign_for_development() {
        let key = GeneratedKey::generate(RsaBits::Rsa2048).unwrap().key;
        let key = key.public_key().clone();
        let config = config("http://localhost:17766", key, "http://localhost:3000").unwrap();
        let shown = format!("{config:?}");
        assert!(shown.contains("allow_demo_key: true"), "{shown}");
    }

    #[test]
    fn the_name_that_a_browser_must_not_use_is_the_other_one() {
        for (app, words) in [
            ("http://localhost:3000", "cookies of localhost to 127.0.0.1"),
            ("http://127.0.0.1:3000", "cookies of 127.0.0.1 to localhost"),
            ("http://[::1]:3000", "another name or address"),
        ] {
            assert!(other_name(app).contains(words), "{app}");
        }
    }
}
