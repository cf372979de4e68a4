//! No input panics, no error repeats the input, and no damaged file is another key.

use crate::fixtures::{base64, bytes, der, text};
use lunadefend_crypto::{KeyError, PublicKey, SigningKey};
use proptest::prelude::*;

const CANARY: &str = "c4NaRyVa1ue";

fn texts(error: &KeyError) -> String {
    let mut source = std::error::Error::source(error);
    let mut all = format!("{error} {error:?}");
    while let Some(cause) = source {
        all += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    all
}

/// Parses in every way, and returns the thumbprint of what was read.
fn parse(input: &[u8]) -> Option<String> {
    let signing = SigningKey::parse(input, "here");
    let public = PublicKey::parse(input, "here");
    for error in [signing.as_ref().err(), public.as_ref().err()]
        .into_iter()
        .flatten()
    {
        assert!(!texts(error).contains(CANARY), "{error}");
    }
    let signing = signing
        .ok()
        .map(|key| key.public_key().thumbprint().to_owned());
    signing.or_else(|| Some(public.ok()?.thumbprint().to_owned()))
}

fn sources() -> Vec<Vec<u8>> {
    let pem = text("rsa2048.pkcs8.pem");
    vec![
        pem.clone().into_bytes(),
        pem.replace('\n', r"\n").into_bytes(),
        base64(pem.as_bytes()).into_bytes(),
        base64(&der("rsa2048.openssh")).into_bytes(),
        bytes("rsa2048.openssh"),
        bytes("rsa2048.pkcs1.pem"),
        bytes("rsa2048.encrypted.pkcs1.pem"),
        bytes("certificate.pem"),
        bytes("archive.p12"),
        bytes("rsa2048.ssh.pub"),
        bytes("rsa2048.spki.pem"),
        bytes("ed25519.openssh"),
        der("rsa2048.pkcs1.pem"),
        der("rsa2048.pkcs8.pem"),
        der("rsa2048.openssh"),
        der("rsa2048.spki.pem"),
        base64(base64(pem.as_bytes()).as_bytes()).into_bytes(),
        format!("NAME={}", base64(pem.as_bytes())).into_bytes(),
        [0xff, 0xfe]
            .into_iter()
            .chain(pem.encode_utf16().flat_map(u16::to_le_bytes))
            .collect(),
        pem.replace('\n', "\u{a0}\n").into_bytes(),
    ]
}

fn thumbprint() -> String {
    parse(&bytes("rsa2048.spki.pem")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes(input: Vec<u8>) {
        prop_assert_eq!(parse(&input), None);
    }

    #[test]
    fn random_text(before in "\\PC{0,40}", after in "[A-Za-z0-9+/=\\\\n\"' \n-]{0,80}") {
        let input = format!("{before}{CANARY}{after}");
        prop_assert_eq!(parse(input.as_bytes()), None);
        prop_assert_eq!(parse(base64(input.as_bytes()).as_bytes()), None);
    }

    #[test]
    fn random_pem(label in "[A-Z0-9 ]{0,24}", body in "[A-Za-z0-9+/=\n: ]{0,80}") {
        let input = format!("-----BEGIN {label}-----\n{CANARY}{body}\n-----END {label}-----\n");
        prop_assert_eq!(parse(input.as_bytes()), None);
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PUBLIC KEY"] {
            let input = format!("-----BEGIN {label}-----\n{CANARY}{body}\n-----END {label}-----\n");
            prop_assert_eq!(parse(input.as_bytes()), None);
        }
    }

    /// Lengths that lie, at any depth.
    #[test]
    fn random_der(tags in prop::collection::vec((0u8..=0x31, any::<u8>()), 1..40), tail: Vec<u8>) {
        let mut input = vec![0x30, 0x82];
        for (tag, length) in tags {
            input.extend([tag, length]);
        }
        input.extend(tail);
        prop_assert_eq!(parse(&input), None);
    }

    #[test]
    fn random_openssh(tail: Vec<u8>) {
        let mut input = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01".to_vec();
        input.extend(tail);
        prop_assert_eq!(parse(&input), None);
    }

    #[test]
    fn a_canary_in_a_real_file(which in 0..20usize, at: prop::sample::Index) {
        let mut input = sources().swap_remove(which);
        let at = at.index(input.len() + 1);
        input.splice(at..at, CANARY.bytes());
        if let Some(read) = parse(&input) {
            prop_assert_eq!(read, thumbprint());
        }
    }

    #[test]
    fn a_changed_file_is_the_same_key_or_none(
        which in 0..20usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut input = sources().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(input.len());
            input[at] = byte;
        }
        let is_public = SigningKey::parse(&input, "here").is_err();
        if let Some(read) = parse(&input).filter(|_| !is_public) {
            prop_assert_eq!(read, thumbprint());
        }
    }

    #[test]
    fn no_prefix_is_a_key(which in 0..20usize, at: prop::sample::Index) {
        let input = sources().swap_remove(which);
        let end = input.trim_ascii_end().len();
        let prefix = &input[..at.index(end)];
        // A line `ssh-rsa ..` ends in a comment, and padding may be left out.
        let is_whole = prefix.len() + 20 > end;
        prop_assert!(is_whole || parse(prefix).is_none());
    }
}
