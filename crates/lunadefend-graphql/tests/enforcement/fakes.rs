//! A grant service that writes down what it is asked.

use async_graphql::{Request, Response, ServerError};
use lunadefend_core::{
    BoxFuture, Error, ErrorKind, GrantDuration, GrantRequest, GrantService, Grants, SessionId,
    TokenId, Verdict,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Verify(String, Vec<String>),
    Create(String, Vec<(String, Option<GrantDuration>)>),
}

/// What the service says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Yes to what was allowed.
    #[default]
    Truth,
    /// One verdict too few.
    Short,
    Fails(ErrorKind),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    allowed: HashSet<String>,
    allows_all: bool,
    answers: Answers,
}

impl Fake {
    pub(crate) fn grants(&self) -> Grants {
        Grants::new(self.clone())
    }

    pub(crate) fn allow(&self, tokens: impl IntoIterator<Item = String>) {
        self.0.lock().unwrap().allowed.extend(tokens);
    }

    pub(crate) fn forbid(&self, token: &str) {
        self.0.lock().unwrap().allowed.remove(token);
    }

    pub(crate) fn allow_all(&self) {
        self.0.lock().unwrap().allows_all = true;
    }

    pub(crate) fn answer(&self, answers: Answers) {
        self.0.lock().unwrap().answers = answers;
    }

    /// The calls since the last time.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.0.lock().unwrap().calls)
    }

    /// The tokens of the one verifying call that there was, sorted; none without a call.
    pub(crate) fn verified(&self) -> Vec<String> {
        match self.calls().as_slice() {
            [] => Vec::new(),
            [Call::Verify(_, tokens)] => {
                let mut tokens = tokens.clone();
                tokens.sort();
                tokens
            }
            other => panic!("{other:?}"),
        }
    }
}

impl GrantService for Fake {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async move {
            let mut state = self.0.lock().unwrap();
            let ids: Vec<String> = tokens.iter().map(|t| t.expose_id().to_owned()).collect();
            let verdicts =
                ids.iter()
                    .map(|id| match state.allows_all || state.allowed.contains(id) {
                        true => Verdict::Valid,
                        false => Verdict::Invalid,
                    });
            let mut verdicts: Vec<Verdict> = verdicts.collect();
            let call = Call::Verify(session.expose_id().to_owned(), ids);
            state.calls.push(call);
            match state.answers {
                Answers::Truth => Ok(verdicts),
                Answers::Short => {
                    verdicts.pop();
                    Ok(verdicts)
                }
                Answers::Fails(kind) => Err(kind.into()),
            }
        })
    }

    fn create_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let mut state = self.0.lock().unwrap();
            let asked = grants
                .iter()
                .map(|grant| (grant.token().expose_id().to_owned(), grant.duration()));
            let call = Call::Create(session.expose_id().to_owned(), asked.collect());
            state.calls.push(call);
            match state.answers {
                Answers::Truth | Answers::Short => Ok(()),
                Answers::Fails(kind) => Err(kind.into()),
            }
        })
    }
}

/// The token with a number.
pub(crate) fn token(number: usize) -> String {
    format!("lunasec-0a1b2c3d-1111-4222-8333-{number:012}")
}

/// A request of a session.
pub(crate) fn request(session: &str, query: impl Into<String>) -> Request {
    Request::new(query).data(SessionId::new(session).unwrap())
}

/// The `extensions.code` of each error.
pub(crate) fn codes(response: &Response) -> Vec<String> {
    response.errors.iter().map(code).collect()
}

pub(crate) fn code(error: &ServerError) -> String {
    let code = error.extensions.as_ref().and_then(|all| all.get("code"));
    match code {
        Some(async_graphql::Value::String(code)) => code.clone(),
        _ => format!("no code: {}", error.message),
    }
}

/// The data as JSON.
pub(crate) fn data(response: &Response) -> String {
    response.data.clone().into_json().unwrap().to_string()
}
