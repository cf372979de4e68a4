use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

/// Whatever it is called, it makes and writes tokens.
mod rows {
    pub use lunadefend_core::storage::{deserialize, serialize};
    pub use lunadefend_core::storage as maybe;
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct With {
    #[serde(with = "rows")]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Optional {
    #[serde(with = "rows::maybe")]
    ssn: Option<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", request)]
struct Read {
    #[serde(deserialize_with = "rows::deserialize")]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", response)]
struct Written<'a> {
    #[serde(serialize_with = "write")]
    ssn: &'a VerifiedToken,
}

fn write<S: serde::Serializer>(token: &&VerifiedToken, serializer: S) -> Result<S::Ok, S::Error> {
    lunadefend_core::storage::serialize(*token, serializer)
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Skipped {
    #[serde(skip, default = "stolen")]
    ssn: VerifiedToken,
}

fn stolen() -> VerifiedToken {
    loop {}
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Half {
    #[serde(deserialize_with = "lunadefend_core::storage::deserialize")]
    ssn: VerifiedToken,
}

fn main() {}
