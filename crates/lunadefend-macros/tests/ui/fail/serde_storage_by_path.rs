//! `storage` is for rows: in a type that comes in or goes out it would let a token past the check.

use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;
use std::borrow::Cow;

mod prelude {
    #[allow(unused_imports)]
    pub(crate) use lunadefend_core as vault;
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct GoesOut<'a> {
    #[serde(serialize_with = "lunadefend_core::storage::serialize")]
    ssn: Cow<'a, VerifiedToken>,
    #[serde(serialize_with = "prelude::vault::storage::serialize")]
    passport: Option<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct ComesIn {
    #[serde(deserialize_with = "::lunadefend_core::storage::deserialize")]
    ssn: VerifiedToken,
    #[serde(deserialize_with = "lunadefend_core::storage::deserialize", default)]
    passport: Option<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Both {
    #[serde(with = "lunadefend_core::storage")]
    ssn: VerifiedToken,
    #[serde(with = "crate::prelude::vault::r#storage")]
    passport: Option<VerifiedToken>,
}

fn main() {}
