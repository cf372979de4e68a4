//! A type with tokens that is no GraphQL type.

use async_graphql::Object;
use lunadefend_core::{Unverified, VerifiedToken};
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct SetSsn {
    #[token]
    ssn: VerifiedToken,
}

struct Query;

#[Object]
impl Query {
    async fn set(&self, form: Unverified<SetSsn>) -> bool {
        drop(form);
        true
    }
}

fn main() {}
