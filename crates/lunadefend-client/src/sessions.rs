//! Ends sessions at the tokenizer, and names them to pages.

use crate::{Client, answer::Route, client::Inner, observe};
use lunadefend_core::{
    Error, SessionId,
    provider::{BoxFuture, SessionService},
    wire::{Empty, PageSession, SessionRevoke},
};
use lunadefend_crypto::sha256;
use tracing::{field, info_span};

impl SessionService for Client {
    fn end<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<(), Error>> {
        let span = info_span!("lunadefend.end_session", outcome = field::Empty);
        let work = self.end_session(session);
        Box::pin(observe::call("end_session", span, |()| "ended", work))
    }

    fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        let session = self.0.session_ids.on_the_wire(session)?;
        Ok(PageSession::of(&session, sha256))
    }
}

impl Client {
    async fn end_session(&self, session: &SessionId) -> Result<(), Error> {
        let deadline = self.0.deadline();
        let body = SessionRevoke {
            session_id: self.0.session_ids.on_the_wire(session)?,
        };
        let authorization = self.0.keys.application_authorization();
        let authorization = Inner::authorized(authorization, deadline).await?;
        self.0.discovery.level(deadline).await?;
        let Empty {} = self
            .0
            .call(Route::SessionRevoke, authorization, &body, deadline)
            .await?;
        Ok(())
    }
}
