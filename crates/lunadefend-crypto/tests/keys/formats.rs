//! A key is accepted in every common format.

use crate::fixtures::{self, bytes, der, text};
use lunadefend_crypto::{KeyError, PublicKey, SigningKey};

/// RFC 7638 thumbprint of the pair in the files `rsa2048.*`, computed with Python.
const THUMBPRINT: &str = "ejwtPsVHsxDaNLSjXd5lLoUfgXaR4ZsvZRaFioDHPew";
const PRIVATE: [&str; 3] = ["rsa2048.openssh", "rsa2048.pkcs1.pem", "rsa2048.pkcs8.pem"];
const PUBLIC: [&str; 2] = ["rsa2048.spki.pem", "rsa2048.pkcs1.pub.pem"];

fn assert_reads(input: &[u8], what: &str) {
    let key = SigningKey::parse(input, "test").unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(key.public_key().thumbprint(), THUMBPRINT, "{what}");
    let signature = key.sign(b"message").unwrap();
    key.public_key().verify(b"message", &signature).unwrap();
}

fn assert_reads_public(input: &[u8], what: &str) {
    let key = PublicKey::parse(input, "test").unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(key.thumbprint(), THUMBPRINT, "{what}");
}

#[test]
fn private_keys_in_every_encoding() {
    for file in PRIVATE {
        for (how, input) in fixtures::encodings(file) {
            assert_reads(&input, &format!("{file}, {how}"));
        }
    }
}

/// OpenSSH pads to 8 bytes, PuTTY to 16, and both read each other's.
#[test]
fn an_openssh_key_with_padding_of_any_length_up_to_16() {
    let putty = SigningKey::parse(&bytes("putty.rsa2048.openssh"), "test").unwrap();
    // Computed with ssh-keygen and Python.
    let public = "6GB2oZMkl9Ukdk52WZBrWyMvFebErZKBgeOJzhxhLxc";
    assert_eq!(putty.public_key().thumbprint(), public);
    let file = der("putty.rsa2048.openssh");
    assert!(
        file.ends_with(
            b"throw-away\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
        )
    );

    let body = &file[..file.len() - 16];
    for padding in 0..=16_u8 {
        let file = padded(body, 16, &(1..=padding).collect::<Vec<_>>());
        SigningKey::parse(&file, "test").unwrap_or_else(|error| panic!("{padding}: {error}"));
    }
    for padding in [
        &[2][..],
        &[1, 1],
        &[0],
        &(1..=17).collect::<Vec<_>>(),
        &[1, 2, 4],
    ] {
        let refused = SigningKey::parse(&padded(body, 16, padding), "test").unwrap_err();
        assert!(
            matches!(refused, KeyError::Invalid { .. }),
            "{padding:?}: {refused}"
        );
    }
}

#[test]
fn what_windows_and_wikis_do_to_a_key_is_read() {
    for file in ["rsa2048.openssh", "rsa2048.pkcs8.pem"] {
        let pem = text(file);
        let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            let units = pem.encode_utf16().flat_map(bytes);
            mark.into_iter().chain(units).collect()
        };
        let encoded = fixtures::base64(pem.as_bytes());
        let (le, be) = (
            utf16([0xff, 0xfe], u16::to_le_bytes),
            utf16([0xfe, 0xff], u16::to_be_bytes),
        );
        let certutil = |content: &[u8]| {
            let encoded = fixtures::base64(content);
            format!("-----BEGIN CERTIFICATE-----\r\n{encoded}\r\n-----END CERTIFICATE-----\r\n")
        };
        let inputs: Vec<(&str, Vec<u8>)> = vec![
            ("UTF-16LE", le.clone()),
            ("UTF-16BE", be),
            ("base64 of UTF-16", fixtures::base64(&le).into_bytes()),
            (
                "no-break spaces",
                pem.replace('\n', "\u{a0}\n").into_bytes(),
            ),
            (
                "narrow no-break spaces before",
                pem.replace('\n', "\n\u{202f}").into_bytes(),
            ),
            (
                "zero-width spaces",
                pem.replace('\n', "\u{200b}\n").into_bytes(),
            ),
            (
                "line separators",
                pem.replace('\n', "\u{2028}").into_bytes(),
            ),
            ("certutil of PEM", certutil(pem.as_bytes()).into_bytes()),
            ("certutil of DER", certutil(&der(file)).into_bytes()),
            (
                "base64 twice",
                fixtures::base64(encoded.as_bytes()).into_bytes(),
            ),
            (
                "base64 twice, wrapped",
                fixtures::base64(format!("{encoded}\n").as_bytes()).into_bytes(),
            ),
            (
                "a data: URL",
                format!("data:application/x-pem-file;base64,{encoded}").into_bytes(),
            ),
            (
                "its name before it",
                format!("LUNASEC_SIGNING_KEY={encoded}\n").into_bytes(),
            ),
            (
                "its name and quotes",
                format!("export LUNASEC_SIGNING_KEY=\"{encoded}\"").into_bytes(),
            ),
        ];
        for (how, input) in inputs {
            assert_reads(&input, &format!("{file}, {how}"));
        }
    }
}

/// The file with another padding, its length set right.
fn padded(body: &[u8], was: usize, padding: &[u8]) -> Vec<u8> {
    // The private section is the last string: its length stands before the two equal check numbers.
    let at = (0..body.len() - 12)
        .find(|at| {
            let length = u32::from_be_bytes(body[*at..at + 4].try_into().unwrap());
            usize::try_from(length).unwrap() == body.len() + was - at - 4
        })
        .unwrap();
    let length = u32::try_from(body.len() - at - 4 + padding.len()).unwrap();
    let section = &body[at + 4..];
    [&body[..at], &length.to_be_bytes(), section, padding].concat()
}

#[test]
fn public_keys_in_every_encoding() {
    for file in PUBLIC {
        for (how, input) in fixtures::encodings(file) {
            assert_reads_public(&input, &format!("{file}, {how}"));
        }
    }
    let line = text("rsa2048.ssh.pub");
    let blob = line.split(' ').nth(1).unwrap();
    for input in [
        line.clone(),
        format!("\n {line}\n"),
        fixtures::base64(line.as_bytes()),
        format!("ssh-rsa {blob}"),
        blob.to_owned(),
    ] {
        assert_reads_public(input.as_bytes(), "ssh-rsa");
    }
}

#[test]
fn the_private_key_among_several_blocks() {
    let (certificate, key) = (text("certificate.pem"), text("rsa2048.pkcs8.pem"));
    let public = text("rsa2048.spki.pem");
    assert_reads(
        format!("{certificate}{key}").as_bytes(),
        "certificate first",
    );
    assert_reads(
        format!("{public}{key}{certificate}").as_bytes(),
        "key between",
    );
    assert_reads_public(format!("{certificate}{public}").as_bytes(), "public key");
}

#[test]
fn lengths() {
    for (file, bits) in [
        ("rsa2048.pkcs8.pem", 2048),
        ("rsa3072.openssh", 3072),
        ("rsa4096.pkcs8.pem", 4096),
    ] {
        let key = SigningKey::parse(&bytes(file), "test").unwrap();
        assert_eq!(key.public_key().bits(), bits);
        assert_eq!(key.public_key().e(), [1, 0, 1]);
        let signature = key.sign(b"m").unwrap();
        assert_eq!(signature.len(), bits / 8);
        assert!(key.public_key().verify(b"m", &signature).is_ok());
        assert!(key.public_key().verify(b"n", &signature).is_err());
    }
    let long = PublicKey::parse(&bytes("rsa8192.spki.pem"), "test").unwrap();
    assert_eq!(long.bits(), 8192);
}

#[test]
fn all_formats_of_a_pair_are_equal() {
    let public = PublicKey::parse(&bytes("rsa2048.spki.pem"), "test").unwrap();
    for file in PRIVATE {
        let key = SigningKey::parse(&bytes(file), "test").unwrap();
        assert_eq!(*key.public_key(), public);
    }
    let components = PublicKey::from_components(public.n(), public.e()).unwrap();
    assert_eq!(components, public);
    let padded = [&[0, 0], public.n()].concat();
    assert_eq!(
        PublicKey::from_components(&padded, &[0, 1, 0, 1]).unwrap(),
        public
    );
    let other = SigningKey::parse(&bytes("rsa3072.openssh"), "test").unwrap();
    assert_ne!(*other.public_key(), public);
}

#[test]
fn spki_is_written_as_openssl_writes_it() {
    for file in ["rsa2048.spki.pem", "rsa8192.spki.pem"] {
        let key = PublicKey::parse(&bytes(file), "test").unwrap();
        assert_eq!(key.to_spki_pem(), text(file));
    }
}

/// Another tool's signature: `openssl dgst -sha256 -sign` over `message`.
#[test]
fn signatures_are_openssls() {
    let key = SigningKey::parse(&bytes("rsa2048.pkcs8.pem"), "test").unwrap();
    let expected = lunadefend_crypto::base64url_decode(OPENSSL_SIGNATURE).unwrap();
    assert_eq!(
        key.sign(b"message").unwrap(),
        expected,
        "the scheme is deterministic"
    );
}

const OPENSSL_SIGNATURE: &str = "S-4wVoeS_IYhixVxepe3P16vnH5QGERTw45ScNvwcvQMzDOqm5Z9HAI-BlXiuWjR_1U-qeVap2Nu-aUagOg9Bkua3UgYncNjJ7zlBA4NYFqEStYezIrQ1d3WILe0kwfuAI7XggbdV1uHZ_fEQZ2qCwBzgs94XOBzNwJ50dLFY5_z1BFcRjIc7ASPd0dR1eZ7bndSnG2Htn2FGB-JaEcNaGhyXOg8VgTsv2gfDLMHWAaXql8gfv3s1uJ0cGZoNpRaLS2tkQNlj9CYJMGCIlwwA_xgH82p1GQS9gRxR5UVHpqo6g4jdxfx59tpvbSdUvbq8komrfq2Wm7vM6iwgov4tQ";

#[test]
fn der_with_a_line_end_that_an_editor_added() {
    let mut file = der("rsa2048.pkcs8.pem");
    file.push(b'\n');
    assert_reads(&file, "DER and a line end");
}

/// The documented recipe, with whatever `ssh-keygen` this machine has.
#[test]
fn a_key_fresh_from_ssh_keygen() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-N", "", "-f"])
        .arg(&file)
        .status();
    let Ok(status) = made else {
        println!("skipped: there is no ssh-keygen");
        return;
    };
    assert!(status.success());
    let private = std::fs::read(&file).unwrap();
    let public = std::fs::read(file.with_extension("pub")).unwrap();
    let key = SigningKey::parse(fixtures::base64(&private).as_bytes(), "test").unwrap();
    assert_eq!(
        *key.public_key(),
        PublicKey::parse(&public, "test").unwrap()
    );
}

#[test]
fn debug_prints_the_thumbprint_only() {
    let key = SigningKey::parse(&bytes("rsa2048.pkcs8.pem"), "test").unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({THUMBPRINT:?})"));
    assert_eq!(
        format!("{:?}", key.public_key()),
        format!("PublicKey({THUMBPRINT:?})")
    );
}
