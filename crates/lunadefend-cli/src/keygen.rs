//! `lunadefend keygen`: a signing key for an application.

use anyhow::{Context, Result};
use clap::Args;
use lunadefend_crypto::{GeneratedKey, RsaBits};
use lunadefend_jwt::jwk;
use secrecy::ExposeSecret;
use std::{io::Write, path::PathBuf};

/// Make a 3072-bit RSA signing key for an application.
///
/// Writes PKCS#8 PEM with mode 0600 and never overwrites a file.
#[derive(Args)]
pub(crate) struct Keygen {
    /// The file to write.
    path: PathBuf,
}

impl Keygen {
    pub(crate) fn run(self) -> Result<()> {
        let generated = GeneratedKey::generate(RsaBits::Rsa3072)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options
            .open(&self.path)
            .with_context(|| format!("cannot make the file {}", self.path.display()))?;
        file.write_all(generated.pem.expose_secret().as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(|| format!("cannot write the file {}", self.path.display()))?;

        let path = self.path.display();
        let public = generated.key.public_key();
        println!("wrote {path} (RSA, {} bits, mode 0600)", public.bits());
        println!("key id (RFC 7638 thumbprint): {}", public.thumbprint());
        println!("public key as a JWK (RFC 7517): {}", jwk(public));
        println!("for a .env file: echo \"LUNASEC_SIGNING_KEY=$(base64 -w0 < {path})\" >> .env");
        println!(
            "for a tokenizer without SESSION_JWKS_URL, as SESSION_PUBLIC_KEY:\n{}",
            public.to_spki_pem()
        );
        Ok(())
    }
}
