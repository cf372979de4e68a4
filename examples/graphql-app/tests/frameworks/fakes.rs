//! Grants in memory, and what nobody asks for: ends of sessions, and a session transfer.

use lunadefend_core::{
    BoxFuture, Error, ErrorKind, GrantRequest, GrantService, Grants, JwksDocument, SessionId,
    SessionService, SessionTransfer, TokenId, TransferState, TransferUrl, Verdict,
    wire::PageSession,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Fake(Arc<Mutex<HashSet<(String, String)>>>);

impl Fake {
    pub(crate) fn grants(&self) -> Grants {
        Grants::new(self.clone())
    }

    pub(crate) fn allow(&self, session: &str, token: &str) {
        let grant = (session.to_owned(), token.to_owned());
        self.0.lock().unwrap().insert(grant);
    }

    pub(crate) fn holds(&self, session: &str, token: &str) -> bool {
        let grant = (session.to_owned(), token.to_owned());
        self.0.lock().unwrap().contains(&grant)
    }
}

impl GrantService for Fake {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let verdict = |token: &TokenId| match self.holds(session.expose_id(), token.expose_id()) {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        };
        let verdicts = tokens.iter().map(verdict).collect();
        Box::pin(async move { Ok(verdicts) })
    }

    fn create_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        for grant in grants {
            self.allow(session.expose_id(), grant.token().expose_id());
        }
        Box::pin(async { Ok(()) })
    }
}

impl SessionService for Fake {
    fn end<'a>(&'a self, _: &'a SessionId) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Err(ErrorKind::Internal.into()) })
    }

    fn page_session(&self, _: &SessionId) -> Result<PageSession, Error> {
        Err(ErrorKind::Internal.into())
    }
}

impl SessionTransfer for Fake {
    fn transfer<'a>(
        &'a self,
        _: &'a TransferState,
        _: &'a SessionId,
    ) -> BoxFuture<'a, Result<TransferUrl, Error>> {
        Box::pin(async { Err(ErrorKind::Internal.into()) })
    }

    fn jwks(&self) -> BoxFuture<'_, Result<JwksDocument, Error>> {
        Box::pin(async { Err(ErrorKind::Internal.into()) })
    }
}

/// The token with a number.
pub(crate) fn token(number: usize) -> String {
    format!("lunasec-0a1b2c3d-1111-4222-8333-{number:012}")
}
