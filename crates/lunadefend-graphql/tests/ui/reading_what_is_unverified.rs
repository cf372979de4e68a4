//! An input is used before it is verified.

use async_graphql::{Context, Object, Result};
use lunadefend_core::{UntrustedToken, Unverified, VerifiedToken};
use lunadefend_graphql::VerifyIn;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(request, graphql, crate = "lunadefend_core")]
struct SetSsn {
    name: String,
    #[token]
    ssn: VerifiedToken,
}

fn store(_: VerifiedToken) {}

struct Query;

#[Object]
impl Query {
    async fn set(&self, form: Unverified<SetSsn>) -> String {
        store(form.ssn);
        form.name
    }

    async fn single(&self, ssn: UntrustedToken) -> bool {
        store(ssn);
        true
    }

    async fn right(&self, ctx: &Context<'_>, form: Unverified<SetSsn>) -> Result<String> {
        let form = form.verify_in(ctx).await?;
        store(form.ssn);
        Ok(form.name)
    }
}

fn main() {}
