#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod claims;
mod clock;
mod error;
mod jwks;
#[cfg(feature = "verify")]
mod key_set;
mod policy;
mod sign;
#[cfg(feature = "verify")]
mod verifier;
#[cfg(feature = "verify")]
mod verify;

pub use claims::{Claims, Destruction, JwtKind, Subject};
pub use clock::SystemClock;
pub use error::{JwksError, JwtError};
pub use jwks::{jwk, jwks_document};
#[cfg(feature = "verify")]
pub use key_set::KeySet;
pub use policy::JwtPolicy;
pub use sign::{Jwt, JwtProfile, JwtSigner};
#[cfg(feature = "verify")]
pub use verifier::JwtVerifier;
#[cfg(feature = "verify")]
pub use verify::ParsedJwt;

/// The `iss` of every JWT that an application signs, with LunaSec's SDK or LunaDefend.
pub const ISSUER: &str = "node-sdk";
/// The `aud` of every JWT.
pub const AUDIENCE: &str = "secure-frame";
/// The `typ` of a JWT that is valid only for one session transfer.
pub const TRANSFER_TYP: &str = "lunadefend-transfer+jwt";
/// The `typ` of a JWT that is valid only for one request that destroys tokens or their grants.
pub const DESTROY_TYP: &str = "lunadefend-destroy+jwt";
/// The `kid` that LunaSec's tokenizer looks up in a key set, whatever the `kid` of the JWT.
pub const LEGACY_KID: &str = "lunasec-signing-key";
