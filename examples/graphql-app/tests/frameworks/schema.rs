//! The schema: one token in, one out.

use crate::token;
use async_graphql::{EmptySubscription, InputObject, Object, Schema};
use lunadefend_core::{Error, Grants, SessionId};
use lunadefend_graphql::{Token, build};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

pub(crate) type AppSchema = Schema<Query, Mutation, EmptySubscription>;

/// How often the mutation ran.
#[derive(Clone, Default)]
pub(crate) struct Ran(Arc<AtomicUsize>);

impl Ran {
    pub(crate) fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) struct Query;

#[Object]
impl Query {
    #[graphql(directive = Token::apply(None))]
    async fn ssn(&self) -> Option<String> {
        Some(token(9))
    }
}

#[derive(InputObject)]
struct Form {
    #[graphql(directive = Token::apply(None))]
    ssn: String,
}

pub(crate) struct Mutation(Ran);

#[Object]
impl Mutation {
    async fn save(&self, forms: Vec<Form>) -> bool {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        forms.into_iter().all(|form| !form.ssn.is_empty())
    }
}

pub(crate) fn schema(grants: &Grants, ran: &Ran) -> AppSchema {
    let mutation = Mutation(ran.clone());
    build(Query, mutation, EmptySubscription, grants, |schema| schema).unwrap()
}

/// What each adapter's provider makes of the header.
pub(crate) fn session(header: Option<&str>) -> Result<Option<SessionId>, Error> {
    match header {
        Some("fail") => Err(Error::session_provider("the store is down")),
        id => id.map(SessionId::new).transpose(),
    }
}
