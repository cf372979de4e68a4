//! The root certificates of the image: those that Mozilla trusts, in the version of `Cargo.lock`.
//!
//! Those of the machine that builds may hold roots of its owner.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::fmt::Write as _;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

pub(super) const FILE: &str = "ca-certificates.crt";
/// The characters of a line in PEM (RFC 7468).
const LINE: usize = 64;

/// All certificates as PEM.
pub(super) fn pem() -> String {
    let mut pem = String::new();
    for certificate in TLS_SERVER_ROOT_CERTS {
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        let mut text = &*BASE64_STANDARD.encode(certificate);
        while !text.is_empty() {
            let (line, rest) = text.split_at(text.len().min(LINE));
            let _ = writeln!(pem, "{line}");
            text = rest;
        }
        pem.push_str("-----END CERTIFICATE-----\n");
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_is_a_block_of_short_lines() {
        let pem = pem();
        let blocks: Vec<_> = pem.split("-----BEGIN CERTIFICATE-----\n").skip(1).collect();
        assert_eq!(blocks.len(), TLS_SERVER_ROOT_CERTS.len());
        assert!(blocks.len() > 100);
        for (block, certificate) in blocks.iter().zip(TLS_SERVER_ROOT_CERTS) {
            let text = block.strip_suffix("-----END CERTIFICATE-----\n").unwrap();
            assert!(text.lines().all(|line| (1..=LINE).contains(&line.len())));
            let bytes = BASE64_STANDARD.decode(text.replace('\n', "")).unwrap();
            assert_eq!(bytes, certificate.as_ref());
        }
    }
}
