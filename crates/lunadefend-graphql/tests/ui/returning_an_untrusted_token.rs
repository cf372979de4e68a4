//! A token that came in goes out again.

use async_graphql::Object;
use lunadefend_core::UntrustedToken;

struct Query;

#[Object]
impl Query {
    async fn echo(&self, ssn: UntrustedToken) -> UntrustedToken {
        ssn
    }
}

fn main() {}
