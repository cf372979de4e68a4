//! Each wrong input gets its own error, which says where the input came from and what to do.

use crate::fixtures::{base64, bytes, der, encodings, text};
use lunadefend_crypto::{KeyError, PublicKey, SigningKey};

const ORIGIN: &str = "environment variable LUNASEC_SIGNING_KEY";

fn refusal(input: &[u8]) -> KeyError {
    SigningKey::parse(input, ORIGIN).unwrap_err()
}

/// The variant's name, its texts, and that nothing of the input is in them.
fn assert_refused(input: &[u8], variant: &str, what: &str) {
    assert_error(&refusal(input), variant, what);
}

fn assert_error(error: &KeyError, variant: &str, what: &str) {
    assert_eq!(name(error), variant, "{what}: {error}");
    assert_eq!(error.origin(), ORIGIN, "{what}");
    let text = error.to_string();
    assert!(text.starts_with(&format!("{ORIGIN} is ")), "{what}: {text}");
    assert!(!text.ends_with('.'), "{what}: {text}");
    // What a `main` prints that returns it.
    assert_eq!(format!("{error:?}"), text, "{what}");
}

fn name(error: &KeyError) -> &'static str {
    match error {
        KeyError::Empty { .. } => "Empty",
        KeyError::NoValue { .. } => "NoValue",
        KeyError::Dashes { .. } => "Dashes",
        KeyError::NotBase64 { .. } => "NotBase64",
        KeyError::Truncated { .. } => "Truncated",
        KeyError::Encrypted { .. } => "Encrypted",
        KeyError::PublicKey { .. } => "PublicKey",
        KeyError::PrivateKey { .. } => "PrivateKey",
        KeyError::Certificate { .. } => "Certificate",
        KeyError::NotRsa { .. } => "NotRsa",
        KeyError::TooShort { .. } => "TooShort",
        KeyError::TooLong { .. } => "TooLong",
        KeyError::OddLength { .. } => "OddLength",
        KeyError::Exponent { .. } => "Exponent",
        KeyError::DemoKey { .. } => "DemoKey",
        KeyError::Unsupported { .. } => "Unsupported",
        KeyError::Unrecognised { .. } => "Unrecognised",
        KeyError::Invalid { .. } => "Invalid",
        _ => panic!("no name for {error}"),
    }
}

#[test]
fn empty() {
    for input in [
        "", " ", "\n\n", "\t\r\n", "\"\"", "''", "\"\\n\"", "\u{feff}",
    ] {
        assert_refused(input.as_bytes(), "Empty", &format!("{input:?}"));
    }
}

#[test]
fn not_base64() {
    for input in [
        "/etc/keys/signing.pem",
        "changeme!",
        "${LUNASEC_SIGNING_KEY}",
        "héllo",
        "=",
        "a=b",
        "%%%",
        "file.pem",
    ] {
        assert_refused(input.as_bytes(), "NotBase64", input);
    }
    let (head, tail) = {
        let encoded = base64(&bytes("rsa2048.pkcs8.pem"));
        let (head, tail) = encoded.split_at(100);
        (head.to_owned(), tail.to_owned())
    };
    assert_refused(format!("{head}*{tail}").as_bytes(), "NotBase64", "a star");
    let pem = text("rsa2048.pkcs8.pem").replacen("MII", "M!I", 1);
    assert_refused(pem.as_bytes(), "NotBase64", "not base64 in a PEM block");
    assert_refused(&[0xff, 0xfe, 0, 1], "NotBase64", "binary");
}

#[test]
fn words_of_programs_that_had_no_value() {
    for input in [
        "undefined",
        "null",
        "\"null\"\n",
        "None",
        "[object Object]",
        "<no value>",
    ] {
        assert_refused(input.as_bytes(), "NoValue", input);
        let encoded = base64(input.trim().as_bytes());
        assert_refused(encoded.as_bytes(), "NoValue", input);
    }
    let text = refusal(b"UNDEFINED").to_string();
    assert!(
        text.contains("is the word `undefined`: what set it had no value"),
        "{text}"
    );
}

#[test]
fn dashes_that_a_wiki_made() {
    let pem = text("rsa2048.pkcs8.pem");
    for dashes in [
        "\u{2013}\u{2013}\u{2013}\u{2013}\u{2013}",
        "\u{2014}\u{2014}-",
        "\u{2014}-----",
        "\u{2212}\u{2212}\u{2212}\u{2212}\u{2212}",
    ] {
        let spoilt = pem.replace("-----", dashes);
        assert_refused(spoilt.as_bytes(), "Dashes", dashes);
        assert_refused(spoilt.replace('\n', r"\n").as_bytes(), "Dashes", dashes);
    }
    // In the text before the block they do no harm.
    let noted = format!("Bag Attributes \u{2013} mine\n{pem}");
    assert!(SigningKey::parse(noted.as_bytes(), ORIGIN).is_ok());
}

#[test]
fn truncated() {
    for file in ["rsa2048.openssh", "rsa2048.pkcs1.pem", "rsa2048.pkcs8.pem"] {
        for (how, input) in encodings(file) {
            // From the first line on; text before a block is not a key yet, and after it none of it.
            let covered = ["as it is", "CRLF", "escaped line ends", "DER"].contains(&how.as_str())
                || how.starts_with("base64 of PEM")
                || how.starts_with("base64 of DER");
            if !covered {
                continue;
            }
            for length in [40, 100, 500, 501, 502, 503, 800, input.len() - 40] {
                let error = refusal(&input[..length]);
                assert_error(
                    &error,
                    "Truncated",
                    &format!("{file}, {how}, {length} bytes"),
                );
            }
        }
    }
    assert_refused(b"-----BEGIN RSA PRIV", "Truncated", "in the first line");
    let pem = text("rsa2048.pkcs8.pem");
    assert_refused(
        &pem.as_bytes()[100..],
        "Truncated",
        "the beginning is missing",
    );
    let lines: Vec<_> = pem.lines().collect();
    let gap = [&lines[..5], &lines[8..]].concat().join("\n");
    assert_refused(gap.as_bytes(), "Truncated", "lines are missing");
    assert_refused(
        b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
        "Truncated",
        "an empty block",
    );
    let certificate = text("certificate.pem");
    assert_refused(
        format!("{certificate}{}", &pem[..900]).as_bytes(),
        "Truncated",
        "a certificate and half a key",
    );
}

/// Every file of another kind, as PEM, as base64 of it, and as DER.
#[test]
fn other_kinds_of_files() {
    for (file, variant, part) in [
        ("rsa2048.encrypted.openssh", "Encrypted", "passphrase"),
        ("rsa2048.encrypted.pkcs8.pem", "Encrypted", "passphrase"),
        ("rsa2048.spki.pem", "PublicKey", "public key"),
        ("rsa2048.pkcs1.pub.pem", "PublicKey", "public key"),
        ("certificate.pem", "Certificate", "certificate"),
        ("request.pem", "Certificate", "certificate"),
        ("ec.pkcs8.pem", "NotRsa", "an EC key"),
        ("ec.openssh", "NotRsa", "an EC key"),
        ("ec.spki.pem", "NotRsa", "an EC key"),
        ("ed25519.openssh", "NotRsa", "an Ed25519 key"),
        ("ed25519.pkcs8.pem", "NotRsa", "an Ed25519 key"),
        ("dsa.pem", "NotRsa", "a DSA key"),
        ("dsa.pkcs8.pem", "NotRsa", "a DSA key"),
        ("rsa2048.pss.pem", "NotRsa", "PSS"),
        ("rsa2048.threeprimes.pem", "Unsupported", "two primes"),
        ("rsa1024.openssh", "TooShort", "only 1024 bits"),
        ("rsa1024.pkcs8.pem", "TooShort", "only 1024 bits"),
        ("rsa2560.pkcs8.pem", "OddLength", "2560 bits"),
        ("rsa8192.pkcs8.pem", "TooLong", "8192 bits"),
        ("rsa2048.exponent3.pem", "Exponent", "exponent"),
    ] {
        for (how, input) in encodings(file) {
            let what = format!("{file}, {how}");
            assert_refused(&input, variant, &what);
            let text = refusal(&input).to_string();
            assert!(text.contains(part), "{what}: {text}");
        }
    }
}

#[test]
fn files_of_several_parts() {
    for (file, variant) in [
        ("rsa2048.encrypted.pkcs1.pem", "Encrypted"),
        ("ec.sec1.pem", "NotRsa"),
        ("ed25519.ssh.pub", "NotRsa"),
        ("ed25519.ssh-cert.pub", "Certificate"),
        ("rsa2048.ssh.pub", "PublicKey"),
    ] {
        assert_refused(&bytes(file), variant, file);
        assert_refused(base64(&bytes(file)).as_bytes(), variant, file);
        let escaped = text(file).replace('\n', r"\n");
        assert_refused(escaped.as_bytes(), variant, file);
    }
    let blob = text("ed25519.ssh.pub");
    let blob = blob.split(' ').nth(1).unwrap();
    assert_refused(blob.as_bytes(), "NotRsa", "the blob of a public key");

    // The traditional EC format, without the block of parameters before it.
    let ec = text("ec.sec1.pem");
    let body: String = ec
        .split_once("-----BEGIN EC PRIVATE KEY-----")
        .unwrap()
        .1
        .lines()
        .filter(|line| !line.contains('-'))
        .collect();
    assert_refused(body.as_bytes(), "NotRsa", "base64 of SEC 1");
}

#[test]
fn other_tools_files() {
    let archive = bytes("archive.p12");
    assert_refused(&archive, "Unsupported", "PKCS#12");
    assert_refused(base64(&archive).as_bytes(), "Unsupported", "PKCS#12");
    for input in [
        "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n",
        "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----\n",
        r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#,
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n",
    ] {
        assert_refused(input.as_bytes(), "Unsupported", input);
        assert_refused(base64(input.as_bytes()).as_bytes(), "Unsupported", input);
    }
}

#[test]
fn unrecognised() {
    let key = bytes("rsa2048.pkcs8.pem");
    let thrice = base64(base64(base64(&key).as_bytes()).as_bytes());
    for (input, what) in [
        (b"password".to_vec(), "a word that happens to be base64"),
        (base64(b"password").into_bytes(), "base64 of such a word"),
        (base64(b"hello").into_bytes(), "base64 of another word"),
        (thrice.into_bytes(), "base64 of base64 of base64"),
        (vec![b'A'; 70_000], "70 kB"),
        (
            b"-----BEGIN X-----\nAAAA\n-----END X-----\n".to_vec(),
            "another label",
        ),
        (b"MAUwAwIBAA==".to_vec(), "another sequence"),
    ] {
        assert_refused(&input, "Unrecognised", what);
    }
}

#[test]
fn damaged() {
    let whole = der("rsa2048.pkcs1.pem");
    // Flips one bit in the middle of p, and of dP: the first is seen by the product, the second only
    // by a signature.
    for at in [700, 750, 950] {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        assert_refused(&changed, "Invalid", &format!("byte {at}"));
    }
    let mut longer = whole.clone();
    longer.push(7);
    assert_refused(&longer, "Invalid", "something after it");

    for file in ["rsa2048.pkcs1.pem", "rsa2048.pkcs8.pem"] {
        let mut more = der(file);
        more.extend([0x02, 0x01, 0x00]);
        let length = u16::try_from(more.len() - 4).unwrap();
        more[2..4].copy_from_slice(&length.to_be_bytes());
        assert_refused(&more, "Invalid", "an element that does not belong");
    }

    let ssh = der("rsa2048.openssh");
    let mut changed = ssh.clone();
    changed[800] ^= 4;
    assert_refused(&changed, "Invalid", "OpenSSH");
}

#[test]
fn where_a_public_key_is_needed() {
    let refusal = |input: &[u8]| PublicKey::parse(input, ORIGIN).unwrap_err();
    for (file, variant) in [
        ("rsa2048.openssh", "PrivateKey"),
        ("rsa2048.pkcs1.pem", "PrivateKey"),
        ("rsa2048.pkcs8.pem", "PrivateKey"),
        ("rsa1024.pkcs8.pem", "PrivateKey"),
        ("rsa2048.encrypted.pkcs8.pem", "Encrypted"),
        ("certificate.pem", "Certificate"),
        ("ec.spki.pem", "NotRsa"),
        ("ed25519.openssh", "NotRsa"),
    ] {
        for (how, input) in encodings(file) {
            assert_error(&refusal(&input), variant, &format!("{file}, {how}"));
        }
    }
    assert_error(&refusal(b" "), "Empty", "empty");
    assert_error(&refusal(b"key.pem"), "NotBase64", "a file name");
}

#[test]
fn components() {
    let good = PublicKey::parse(&bytes("rsa2048.spki.pem"), ORIGIN).unwrap();
    let refusal = |n: &[u8], e: &[u8]| PublicKey::from_components(n, e).unwrap_err();
    for e in [
        [].as_slice(),
        &[0],
        &[1],
        &[3],
        &[17],
        &[0xff, 0xff],
        &[1, 0, 0],
        &[1, 0, 2],
        &[4, 0, 0, 0, 1],
        &[1, 0, 0, 0, 0, 1],
    ] {
        let error = refusal(good.n(), e);
        assert!(
            matches!(error, KeyError::Exponent { .. }),
            "{e:?}: {error:?}"
        );
    }
    for e in [
        [1, 0, 1].as_slice(),
        &[1, 0, 3],
        &[1, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert!(PublicKey::from_components(good.n(), e).is_ok(), "{e:?}");
    }
    assert!(matches!(
        refusal(&good.n()[1..], &[1, 0, 1]),
        KeyError::TooShort {
            bits: 2000..=2040,
            ..
        }
    ));
    assert!(matches!(
        refusal(&[], &[1, 0, 1]),
        KeyError::TooShort { bits: 0, .. }
    ));
    let mut even = good.n().to_vec();
    *even.last_mut().unwrap() &= 0xfe;
    assert!(matches!(
        refusal(&even, &[1, 0, 1]),
        KeyError::Invalid { .. }
    ));
    let long = [&[1], [0xff; 1024].as_slice()].concat();
    assert!(matches!(
        refusal(&long, &[1, 0, 1]),
        KeyError::TooLong {
            bits: 8193,
            maximum: 8192,
            ..
        }
    ));
}
