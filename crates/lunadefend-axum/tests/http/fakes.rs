//! A tokenizer's answers without a tokenizer.

use bytes::Bytes;
use http::HeaderValue;
use lunadefend_core::{
    AuthPlugin, Backend, BoxFuture, Error, GrantRequest, GrantService, Grants, JwksDocument,
    SessionId, SessionService, SessionTransfer, Sessions, TokenId, TransferState, TransferUrl,
    Verdict, wire::PageSession,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

/// Grants in memory, which counts its calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeGrants(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    granted: HashSet<(String, String)>,
    calls: usize,
}

impl FakeGrants {
    pub(crate) fn allow(&self, session: &str, tokens: impl IntoIterator<Item = String>) {
        let tokens = tokens.into_iter().map(|token| (session.to_owned(), token));
        self.0.lock().unwrap().granted.extend(tokens);
    }

    pub(crate) fn holds(&self, session: &str, token: &str) -> bool {
        let pair = (session.to_owned(), token.to_owned());
        self.0.lock().unwrap().granted.contains(&pair)
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    /// What an adapter holds, on these grants.
    pub(crate) fn backend(&self) -> Backend {
        Backend::new(
            Grants::new(self.clone()),
            Sessions::new(self.clone()),
            AuthPlugin::new(FakeTransfer),
        )
    }
}

impl GrantService for FakeGrants {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        self.0.lock().unwrap().calls += 1;
        let verdict = |token: &TokenId| match self.holds(session.expose_id(), token.expose_id()) {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        };
        let verdicts = tokens.iter().map(verdict).collect();
        Box::pin(async { Ok(verdicts) })
    }

    fn create_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        let tokens = grants
            .iter()
            .map(|grant| grant.token().expose_id().to_owned());
        self.allow(session.expose_id(), tokens);
        Box::pin(async { Ok(()) })
    }
}

impl SessionService for FakeGrants {
    fn end<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<(), Error>> {
        let mut state = self.0.lock().unwrap();
        state
            .granted
            .retain(|(holder, _)| holder != session.expose_id());
        Box::pin(async { Ok(()) })
    }

    fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        let length = u8::try_from(session.expose_id().len()).unwrap();
        Ok(PageSession::of(session, |_| [length; 32]))
    }
}

/// Shows in the URL what it was asked to sign.
#[derive(Debug)]
struct FakeTransfer;

impl SessionTransfer for FakeTransfer {
    fn transfer<'a>(
        &'a self,
        state: &'a TransferState,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<TransferUrl, Error>> {
        let (state, session) = (state.expose_secret(), session.expose_id());
        let url = TransferUrl::new(format!(
            "https://t.example/?state={state}&session={session}"
        ));
        Box::pin(async { Ok(url) })
    }

    fn jwks(&self) -> BoxFuture<'_, Result<JwksDocument, Error>> {
        let document = JwksDocument {
            body: Bytes::from_static(b"{\"keys\":[]}"),
            etag: HeaderValue::from_static("\"t\""),
        };
        Box::pin(async { Ok(document) })
    }
}

/// The token with a number.
pub(crate) fn token(number: u32) -> String {
    format!("lunasec-{number:08x}-1111-4222-8333-444455556666")
}
