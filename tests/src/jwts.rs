//! JWTs by hand: looking into them, and signing whatever a test likes.

use lunadefend_crypto::{PublicKey, SigningKey, base64url, base64url_decode};
use serde_json::Value;

/// Header and claims of a JWT, byte for byte.
pub struct DecodedJwt {
    /// The header's JSON as it was signed.
    pub header: String,
    /// The claims' JSON as it was signed.
    pub claims: String,
    input: String,
    signature: Vec<u8>,
}

impl DecodedJwt {
    /// A claim.
    #[must_use]
    pub fn claim(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.claims).unwrap()[name].clone()
    }

    /// Whether the key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verify(self.input.as_bytes(), &self.signature).is_ok()
    }
}

/// Takes a JWT in compact serialisation apart.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn decode(compact: &str) -> DecodedJwt {
    let (input, signature) = compact.rsplit_once('.').unwrap();
    let (header, claims) = input.split_once('.').unwrap();
    let text = |part: &str| String::from_utf8(base64url_decode(part).unwrap()).unwrap();
    DecodedJwt {
        header: text(header),
        claims: text(claims),
        input: input.to_owned(),
        signature: base64url_decode(signature).unwrap(),
    }
}

/// Signs a header and claims with RS256, whatever they say.
#[must_use]
pub fn sign(key: &SigningKey, header: &str, claims: &str) -> String {
    let encode = |text: &str| base64url(text.as_bytes());
    let input = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", base64url(&signature))
}
