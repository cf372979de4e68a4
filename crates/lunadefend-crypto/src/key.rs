//! RSA keys in every common format.

mod der;
mod error;
mod found;
#[cfg(feature = "keygen")]
mod generate;
mod openssh;
mod pem;
mod private;
mod problem;
mod public;
mod signing;
mod sniff;
mod text;

pub use error::KeyError;
#[cfg(feature = "keygen")]
pub use generate::{GeneratedKey, RsaBits};
pub use public::PublicKey;
pub use signing::SigningKey;
