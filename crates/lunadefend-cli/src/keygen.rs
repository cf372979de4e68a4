//! `lunadefend keygen`: makes a signing key for an application.

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
            .with_context(|| self.cannot_make())?;
        file.write_all(generated.pem.expose_secret().as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(|| format!("cannot write the file {}", self.path.display()))?;

        let path = self.path.display();
        let public = generated.key.public_key();
        println!("wrote {path} (RSA, {} bits, mode 0600)", public.bits());
        println!("key id (RFC 7638 thumbprint): {}", public.thumbprint());
        println!("public key as a JWK (RFC 7517): {}", jwk(public));
        // A new .env is for its owner alone, as the file of the key is.
        println!(
            "for a .env file: (umask 077; echo \"LUNASEC_SIGNING_KEY=$(base64 -w0 < {path})\" >> .env); one that others can read already stays so (chmod 600 .env)"
        );
        println!(
            "for a tokenizer without SESSION_JWKS_URL, as SESSION_PUBLIC_KEY:\n{}",
            public.to_spki_pem()
        );
        Ok(())
    }

    /// Returns advice; the cause has the operating system's error.
    fn cannot_make(&self) -> String {
        let path = self.path.display();
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if self.path.is_dir() {
            format!("{path} is a folder: name the file to make in it")
        } else if self.path.exists() {
            format!("{path} is there already, and is never overwritten: name another file")
        } else if folder.is_some_and(|folder| !folder.is_dir()) {
            format!("cannot make {path}: its folder is not there, make that first")
        } else {
            format!("cannot make the file {path}")
        }
    }
}
