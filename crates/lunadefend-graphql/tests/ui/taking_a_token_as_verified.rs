//! A token comes in and nobody verifies it.

use async_graphql::{InputObject, Object};
use lunadefend_core::{GrantedToken, VerifiedToken};

#[derive(InputObject)]
struct SetSsn {
    ssn: VerifiedToken,
}

struct Query;

#[Object]
impl Query {
    async fn verified(&self, ssn: VerifiedToken) -> bool {
        drop(ssn);
        true
    }

    async fn granted(&self, ssn: GrantedToken) -> bool {
        drop(ssn);
        true
    }
}

fn main() {}
