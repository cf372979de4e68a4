#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod aead;
mod encoding;
mod error;
mod hash;
mod hmac;
mod kdf;
mod key;
mod random;

pub use aead::AeadKey;
pub use encoding::{base64, base64url, base64url_decode, hex, hex_decode};
pub use error::{CryptoError, InvalidSignature};
pub use hash::{constant_time_eq, length_prefixed, sha1_hex, sha256, sha384};
pub use hmac::HmacKey;
pub use kdf::hkdf_sha256;
#[cfg(feature = "keygen")]
pub use key::{GeneratedKey, RsaBits};
pub use key::{KeyError, PublicKey, SigningKey};
pub use random::random_bytes;
