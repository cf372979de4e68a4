//! Checks the root certificates that the environment names, before https fails for lack of them.

use lunadefend_secrets::Environment;
use std::path::Path;

const FILE: &str = "SSL_CERT_FILE";
const DIR: &str = "SSL_CERT_DIR";
/// The first line of a certificate in PEM; other blocks, such as keys, are ignored.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Returns the problem with `SSL_CERT_FILE` or `SSL_CERT_DIR`; `None` when they are unset or usable.
///
/// They replace the system's root certificates, so that a wrong one leaves none.
pub(crate) fn problem(environment: &dyn Environment) -> Option<String> {
    let path = |name| {
        let value = environment.get(name)?;
        let text = std::str::from_utf8(value.expose_secret()).ok()?;
        Some(text.to_owned()).filter(|text| !text.is_empty())
    };
    if let Some(file) = path(FILE) {
        return of_file(Path::new(&file)).map(|problem| {
            format!("{FILE} names {problem}: name a PEM file of root certificates, or unset it")
        });
    }
    let dirs = path(DIR)?;
    let any = std::env::split_paths(&dirs).any(|dir| has_certificates(&dir));
    (!any).then(|| {
        format!(
            "{DIR} names no folder with a certificate in it: name one with PEM files, or unset it"
        )
    })
}

fn of_file(path: &Path) -> Option<&'static str> {
    if path.is_dir() {
        return Some("a folder, not a file");
    }
    match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some("a file that is not there")
        }
        Err(_) => Some("a file that this process cannot read"),
        Ok(content) if content.is_empty() => Some("an empty file"),
        Ok(content) if !is_in(CERTIFICATE, &content) => {
            Some("a file without a certificate in it (a key is none, and DER is not read)")
        }
        Ok(_) => None,
    }
}

fn has_certificates(dir: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| of_file(&entry.path()).is_none())
}

fn is_in(part: &[u8], whole: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_secrets::FixedEnvironment;

    #[test]
    fn a_file_of_roots_that_cannot_be_used_is_told_by_its_variable() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("roots")).unwrap();
        std::fs::create_dir(at("none")).unwrap();
        std::fs::write(at("empty.pem"), "").unwrap();
        std::fs::write(at("key.pem"), "-----BEGIN PRIVATE KEY-----\n").unwrap();
        for path in ["ca.pem", "roots/ca.pem"] {
            std::fs::write(at(path), "a note\n-----BEGIN CERTIFICATE-----\n").unwrap();
        }
        let with = |name: &str, path: &str| {
            let path = at(path).to_str().unwrap().to_owned();
            problem(&FixedEnvironment::from_iter([(name, path)]))
        };
        for (name, path, words) in [
            (
                FILE,
                "no.pem",
                "SSL_CERT_FILE names a file that is not there",
            ),
            (FILE, "empty.pem", "SSL_CERT_FILE names an empty file"),
            (
                FILE,
                "key.pem",
                "SSL_CERT_FILE names a file without a certificate",
            ),
            (FILE, "roots", "SSL_CERT_FILE names a folder, not a file"),
            (
                DIR,
                "none",
                "SSL_CERT_DIR names no folder with a certificate",
            ),
            (
                DIR,
                "ca.pem",
                "SSL_CERT_DIR names no folder with a certificate",
            ),
        ] {
            let text = with(name, path).unwrap();
            assert!(text.starts_with(words), "{text}");
        }
        assert_eq!(with(FILE, "ca.pem"), None);
        assert_eq!(with(DIR, "roots"), None);
        assert_eq!(problem(&FixedEnvironment::default()), None);
    }
}
