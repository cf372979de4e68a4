use super::*;
use rcgen::{CertifiedKey as Made, KeyPair, generate_simple_self_signed};
use std::fs;
use tempfile::TempDir;

/// The PEM of a new certificate and of its key.
fn made() -> (String, String) {
    let Made { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

/// Both files in a folder.
struct Pems(TempDir);

impl Pems {
    fn new((certificate, key): &(String, String)) -> Self {
        let pems = Self(tempfile::tempdir().unwrap());
        pems.write(certificate, key);
        pems
    }

    fn paths(&self) -> [PathBuf; 2] {
        ["tls.crt", "tls.key"].map(|name| self.0.path().join(name))
    }

    fn write(&self, certificate: &str, key: &str) {
        let [certificate_file, key_file] = self.paths();
        fs::write(certificate_file, certificate).unwrap();
        fs::write(key_file, key).unwrap();
    }

    fn tls(&self) -> Result<Tls, TlsError> {
        let [certificate, key] = self.paths();
        Tls::from_files(&certificate, &key)
    }
}

/// The certificate that new connections get.
fn certificate(tls: &Tls) -> Vec<u8> {
    let key = tls.0.certificate.0.read().unwrap();
    key.cert.first().unwrap().to_vec()
}

#[test]
fn another_pair_is_exchanged_and_a_broken_one_changes_nothing() {
    let (first, second) = (made(), made());
    let pems = Pems::new(&first);
    let tls = pems.tls().unwrap();
    let at_first = certificate(&tls);
    assert!(matches!(tls.look(), Look::Unchanged));
    // Written anew with the same content.
    pems.write(&first.0, &first.1);
    assert!(matches!(tls.look(), Look::Unchanged));

    let half = &second.0[..second.0.len() / 2];
    for (certificate_pem, key_pem) in [
        // The certificate is there, and its key is not so far.
        (&*second.0, &*first.1),
        (half, &second.1),
        ("", ""),
        (&second.0, "-----BEGIN PRIVATE KEY-----\n"),
    ] {
        pems.write(certificate_pem, key_pem);
        assert!(matches!(tls.look(), Look::Kept(_)));
        // Told once.
        assert!(matches!(tls.look(), Look::Unchanged));
        assert_eq!(certificate(&tls), at_first);
    }
    let [_, key_file] = pems.paths();
    fs::remove_file(key_file).unwrap();
    let kept = tls.look();
    assert!(
        matches!(kept, Look::Kept(TlsError::Unreadable { .. })),
        "{kept:?}"
    );
    assert!(matches!(tls.look(), Look::Unchanged));
    assert_eq!(certificate(&tls), at_first);

    pems.write(&second.0, &second.1);
    assert!(matches!(tls.look(), Look::Exchanged));
    assert_ne!(certificate(&tls), at_first);
    assert!(matches!(tls.look(), Look::Unchanged));
}

/// The times of both say nothing.
#[cfg(unix)]
#[test]
fn links_are_followed_as_a_mounted_secret_has_them() {
    let (first, second) = (made(), made());
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    for (folder, (certificate, key)) in [("one", &first), ("two", &second)] {
        fs::create_dir(at(folder)).unwrap();
        fs::write(at(folder).join("tls.crt"), certificate).unwrap();
        fs::write(at(folder).join("tls.key"), key).unwrap();
    }
    let lead_to = |folder: &str| {
        std::os::unix::fs::symlink(folder, at("new")).unwrap();
        fs::rename(at("new"), at("data")).unwrap();
    };
    lead_to("one");
    let tls = Tls::from_files(&at("data/tls.crt"), &at("data/tls.key")).unwrap();
    let at_first = certificate(&tls);
    assert!(matches!(tls.look(), Look::Unchanged));
    lead_to("two");
    assert!(matches!(tls.look(), Look::Exchanged));
    assert_ne!(certificate(&tls), at_first);
}

#[test]
fn what_cannot_be_used_is_told_without_its_content() {
    let (certificate, key) = made();
    let other = KeyPair::generate().unwrap().serialize_pem();
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let no_key = key.replace("MI", "AA");
    for (certificate_pem, key_pem, words) in [
        (&*certificate, &*other, "do not belong together"),
        ("", &key, "no certificate in the certificate's file"),
        (&key, &key, "no certificate in the certificate's file"),
        (&certificate, "", "no private key in the key's file"),
        (
            &certificate,
            &certificate,
            "no private key in the key's file",
        ),
        (&certificate, &encrypted, "not encrypted"),
        (&certificate, &no_key, "cannot be used"),
    ] {
        let error = Tls::from_pem(certificate_pem.as_bytes(), key_pem.as_bytes()).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains(words), "{words}: {text}");
        for line in [certificate_pem, key_pem].into_iter().flat_map(str::lines) {
            assert!(!text.contains(line), "{text}");
        }
    }
    let pems = Pems::new(&(certificate, key));
    let [certificate_file, key_file] = pems.paths();
    fs::remove_file(&certificate_file).unwrap();
    let error = Tls::from_files(&certificate_file, &key_file)
        .unwrap_err()
        .to_string();
    assert!(error.contains("tls.crt cannot be read"), "{error}");
}

#[test]
fn nothing_shows_the_key() {
    let (certificate, key) = made();
    let pems = Pems::new(&(certificate, key));
    let shown = format!("{:?}", pems.tls().unwrap());
    let [certificate_file, key_file] = pems.paths();
    assert_eq!(
        shown,
        format!("Tls {{ certificate: Some({certificate_file:?}), key: Some({key_file:?}), .. }}")
    );
}
