//! New keys are as good as those of other tools.

use lunadefend_crypto::{GeneratedKey, RsaBits, SigningKey};
use secrecy::ExposeSecret;

#[test]
fn a_new_key_signs_and_can_be_kept() {
    let new = GeneratedKey::generate(RsaBits::Rsa2048).unwrap();
    let public = new.key.public_key();
    assert_eq!((public.bits(), public.e()), (2048, [1, 0, 1].as_slice()));
    let signature = new.key.sign(b"message").unwrap();
    public.verify(b"message", &signature).unwrap();

    let pem = new.pem.expose_secret();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(pem.ends_with("\n-----END PRIVATE KEY-----\n"));
    assert!(pem.lines().all(|line| line.len() <= 64));
    let kept = SigningKey::parse(pem.as_bytes(), "test").unwrap();
    assert_eq!(kept.public_key(), public);
    assert_eq!(kept.sign(b"message").unwrap(), signature);

    let other = GeneratedKey::generate(RsaBits::Rsa2048).unwrap();
    assert_ne!(other.key.public_key(), public);
}

#[test]
fn the_default_length_is_3072() {
    let new = GeneratedKey::generate(RsaBits::default()).unwrap();
    assert_eq!(new.key.public_key().bits(), 3072);
}

#[test]
fn debug_prints_no_key() {
    let new = GeneratedKey::generate(RsaBits::Rsa2048).unwrap();
    let debug = format!("{new:?}");
    assert!(debug.contains(new.key.public_key().thumbprint()));
    let pem = new.pem.expose_secret();
    for line in pem.lines() {
        assert!(!debug.contains(line), "{debug}");
    }
}

/// OpenSSL, where it is installed, checks the primes and all numbers.
#[test]
fn openssl_agrees() {
    let new = GeneratedKey::generate(RsaBits::Rsa2048).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    std::fs::write(&file, new.pem.expose_secret()).unwrap();
    let checked = std::process::Command::new("openssl")
        .args(["pkey", "-check", "-noout", "-in"])
        .arg(&file)
        .output();
    match checked {
        Ok(output) => assert!(output.status.success(), "{output:?}"),
        Err(_) => println!("skipped: there is no openssl"),
    }
}
