//! `#[tokens(graphql)]` where no GraphQL type can be made, and where it would have two meanings.

use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(request, graphql, crate = "lunadefend_core")]
enum Choice {
    Ssn(#[token] VerifiedToken),
}

#[derive(Tokens)]
#[tokens(request, graphql, crate = "lunadefend_core")]
struct Pair(#[token] VerifiedToken, String);

#[derive(Tokens)]
#[tokens(response, graphql, crate = "lunadefend_core")]
struct Page<T> {
    #[token]
    items: Vec<T>,
}

#[derive(Tokens)]
#[tokens(graphql, crate = "lunadefend_core")]
struct Both {
    #[token]
    ssn: VerifiedToken,
}

fn main() {}
