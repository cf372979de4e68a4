//! The key set that an application publishes.

use crate::LEGACY_KID;
use http::HeaderValue;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
    RSAKeyParameters, RSAKeyType,
};
use lunadefend_core::{provider::JwksDocument, wire};
use lunadefend_crypto::{PublicKey, base64url, sha256};

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

fn named(key: &PublicKey, kid: &str) -> Jwk {
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(KeyAlgorithm::RS256),
            key_id: Some(kid.to_owned()),
            ..CommonParameters::default()
        },
        algorithm: AlgorithmParameters::RSA(RSAKeyParameters {
            key_type: RSAKeyType::RSA,
            n: base64url(key.n()),
            e: base64url(key.e()),
        }),
    }
}
