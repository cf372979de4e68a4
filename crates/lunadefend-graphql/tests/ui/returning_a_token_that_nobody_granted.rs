//! A token goes out as it is stored.

use async_graphql::{Object, SimpleObject};
use lunadefend_core::VerifiedToken;
use lunadefend_graphql::Granted;
use lunadefend_macros::Tokens;

#[derive(SimpleObject)]
struct Row {
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(response, graphql, crate = "lunadefend_core")]
struct Profile {
    #[token]
    ssn: VerifiedToken,
}

struct Query;

#[Object]
impl Query {
    async fn profile(&self, stored: String) -> Granted<Profile> {
        let ssn = VerifiedToken::assertion(&stored).unwrap();
        Profile { ssn }
    }
}

fn main() {}
