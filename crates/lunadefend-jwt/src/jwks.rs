//! The key set that an application publishes.

use crate::LEGACY_KID;
use http::HeaderValue;
use lunadefend_core::{provider::JwksDocument, wire};
use lunadefend_crypto::{PublicKey, base64url, sha256};
use serde::Serialize;

/// Makes the JSON Web Key Set of these keys (RFC 7517). Each has its thumbprint as `kid`. The first is also
/// listed as [`LEGACY_KID`], where LunaSec's tokenizer looks for it.
///
/// The document depends only on the keys and their order, so that every replica serves the same entity tag.
#[must_use]
pub fn jwks_document(keys: &[PublicKey]) -> JwksDocument {
    let listed = keys.iter().map(|key| named(key, key.thumbprint()));
    let legacy = keys.first().map(|key| named(key, LEGACY_KID));
    let set = JwkSet {
        keys: listed.chain(legacy).collect(),
    };
    let body = wire::to_vec(&set);
    let etag = format!("\"{}\"", base64url(&sha256(&body)));
    JwksDocument {
        // A digest in base64url is a valid header value.
        etag: HeaderValue::try_from(etag).unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
        body: body.into(),
    }
}

/// Makes the JSON Web Key (RFC 7517) of one public key, with its thumbprint as `kid`.
///
/// ```
/// use lunadefend_crypto::PublicKey;
/// use lunadefend_jwt::jwk;
///
/// # fn main() -> Result<(), lunadefend_crypto::KeyError> {
/// let modulus = [[0xc3; 256].as_slice(), &[1]].concat();
/// let key = PublicKey::from_components(&modulus, &[1, 0, 1])?;
/// assert!(jwk(&key).contains(key.thumbprint()));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn jwk(key: &PublicKey) -> String {
    let json = wire::to_vec(&named(key, key.thumbprint()));
    String::from_utf8_lossy(&json).into_owned()
}

/// A JSON Web Key Set (RFC 7517 section 5).
#[derive(Serialize)]
struct JwkSet<'a> {
    keys: Vec<Jwk<'a>>,
}

/// A public RSA key for RS256 signatures (RFC 7517 section 4, RFC 7518 section 6.3.1).
#[derive(Serialize)]
struct Jwk<'a> {
    #[serde(rename = "use")]
    public_key_use: &'static str,
    alg: &'static str,
    kid: &'a str,
    kty: &'static str,
    n: String,
    e: String,
}

fn named<'a>(key: &PublicKey, kid: &'a str) -> Jwk<'a> {
    Jwk {
        public_key_use: "sig",
        alg: "RS256",
        kid,
        kty: "RSA",
        n: base64url(key.n()),
        e: base64url(key.e()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::jwk;

    /// The library that LunaSec's users have reads the set, and writes the same: member by member, in the same order.
    #[test]
    fn jsonwebtoken_reads_what_is_published_and_writes_the_same() {
        let modulus = [[0xc3; 256].as_slice(), &[1]].concat();
        let key = PublicKey::from_components(&modulus, &[1, 0, 1]).unwrap();
        let document = jwks_document(std::slice::from_ref(&key));
        let read: jwk::JwkSet = serde_json::from_slice(&document.body).unwrap();
        assert_eq!(read.keys.len(), 2);
        for (key, kid) in read.keys.iter().zip([key.thumbprint(), LEGACY_KID]) {
            assert_eq!(key.common.key_id.as_deref(), Some(kid));
            assert_eq!(
                key.common.public_key_use,
                Some(jwk::PublicKeyUse::Signature)
            );
            assert_eq!(key.common.key_algorithm, Some(jwk::KeyAlgorithm::RS256));
        }
        assert_eq!(serde_json::to_vec(&read).unwrap(), document.body);
    }
}
