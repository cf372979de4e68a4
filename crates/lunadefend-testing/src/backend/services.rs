//! `TestBackend` implements the traits of core that a client implements.

use super::TestBackend;
use crate::Call;
use bytes::Bytes;
use http::HeaderValue;
use lunadefend_core::{
    Error, SessionId,
    provider::{
        BoxFuture, GrantRequest, GrantService, JwksDocument, SessionService, SessionTransfer,
        TokenId, TransferState, TransferUrl, Verdict,
    },
    wire::PageSession,
};
use std::{
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
};

impl GrantService for TestBackend {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async move {
            self.called(Call::of_verify(session, tokens))?;
            let verdict = |token: &TokenId| match self.live_grant(session, token.expose_id()) {
                Ok(()) => Verdict::Valid,
                Err(_) => Verdict::Invalid,
            };
            Ok(tokens.iter().map(verdict).collect())
        })
    }

    fn grant_all<'a>(
        &'a self,
        session: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.called(Call::of_create(session, grants))?;
            self.create(session, grants)
        })
    }

    fn revoke_grants<'a>(
        &'a self,
        session: Option<&'a SessionId>,
        token: &'a TokenId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let session = session.map(SessionId::expose_id);
            let token = token.expose_id();
            self.called(Call::Revoke {
                session: session.map(str::to_owned),
                tokens: vec![token.to_owned()],
            })?;
            let is_meant = |by: &str| session.is_none_or(|session| session == by);
            let mut state = self.state();
            state
                .grants
                .retain(|(by, held), _| held != token || !is_meant(by));
            Ok(())
        })
    }
}

impl SessionService for TestBackend {
    fn end<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let id = session.expose_id().to_owned();
            self.called(Call::End {
                session: id.clone(),
            })?;
            self.state().ended.insert(id);
            Ok(())
        })
    }

    fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        Ok(PageSession::of(session, |message| {
            std::array::from_fn(|index| {
                let mut hasher = DefaultHasher::new();
                (index, message).hash(&mut hasher);
                hasher.finish().to_be_bytes()[0]
            })
        }))
    }
}

/// Puts the session id and the state into the URL in plain text, instead of signing them.
impl SessionTransfer for TestBackend {
    fn transfer<'a>(
        &'a self,
        state: &'a TransferState,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<TransferUrl, Error>> {
        Box::pin(async move {
            self.called(Call::Transfer {
                session: session.expose_id().to_owned(),
            })?;
            let state = state.expose_secret();
            let mut url =
                format!("https://tokenizer.example/session/create?state={state}&session=");
            for byte in session.expose_id().bytes() {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                    url.push(char::from(byte));
                } else {
                    // Writing to a String cannot fail.
                    let _ = write!(url, "%{byte:02X}");
                }
            }
            Ok(TransferUrl::new(url))
        })
    }

    fn jwks(&self) -> BoxFuture<'_, Result<JwksDocument, Error>> {
        Box::pin(async move {
            self.called(Call::Jwks)?;
            Ok(JwksDocument {
                body: Bytes::from_static(b"{\"keys\":[]}"),
                etag: HeaderValue::from_static("\"test\""),
            })
        })
    }
}
