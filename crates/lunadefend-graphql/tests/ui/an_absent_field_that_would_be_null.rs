//! Read from JSON an absent field would be `null`, which deletes.

use async_graphql::MaybeUndefined;
use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(request, graphql, crate = "lunadefend_core")]
struct Change {
    #[token]
    ssn: MaybeUndefined<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(request, graphql, crate = "lunadefend_core")]
struct Wrapped {
    #[token]
    #[serde(default)]
    card: Option<MaybeUndefined<VerifiedToken>>,
    #[token]
    #[serde(default)]
    right: MaybeUndefined<VerifiedToken>,
}

fn main() {}
