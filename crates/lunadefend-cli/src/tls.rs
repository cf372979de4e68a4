//! TLS of the tokenizer's own: the files of `serve`, and the certificate that `dev` makes.

use anyhow::{Context, Result};
use lunadefend_core::provider::SettingError;
use lunadefend_settings::{Settings, table};
use lunadefend_tokenizer::Tls;
use std::path::Path;

/// Reads the certificate and its key, if both are set.
pub(crate) fn of_settings(settings: &Settings) -> Result<Option<Tls>> {
    let certificate = settings.text(&table::TLS_CERT_FILE)?;
    let key = settings.text(&table::TLS_KEY_FILE)?;
    let [certificate_name, key_name] =
        [&table::TLS_CERT_FILE, &table::TLS_KEY_FILE].map(|setting| settings.name_of(setting));
    let missing = |name, other| {
        let advice = format!("set both it and {other} for TLS, or none of them");
        SettingError::new(name, "is not set", advice)
    };
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Tls::from_files(Path::new(&certificate), Path::new(&key))
            .map(Some)
            .with_context(|| format!("{certificate_name} or {key_name} is wrong")),
        (Some(_), None) => Err(missing(key_name, certificate_name).into()),
        (None, Some(_)) => Err(missing(certificate_name, key_name).into()),
    }
}

/// Returns the scheme of a server's URL.
pub(crate) const fn scheme(has_tls: bool) -> &'static str {
    if has_tls { "https" } else { "http" }
}

/// Makes a certificate for this machine, and writes it to a file for those who shall trust it. Its key is in memory only.
pub(crate) fn self_signed(certificate_file: &Path) -> Result<Tls> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;
    let certificate = made.cert.pem();
    std::fs::write(certificate_file, &certificate)
        .with_context(|| format!("cannot write {}", certificate_file.display()))?;
    let key = made.signing_key.serialize_pem();
    Ok(Tls::from_pem(certificate.as_bytes(), key.as_bytes())?)
}
