//! Transfers a session to the tokenizer's domain.

use crate::{Client, client::Inner, observe};
use lunadefend_core::{
    Error, SessionId,
    provider::{BoxFuture, JwksDocument, SessionTransfer, TransferState, TransferUrl},
};
use tracing::{field, info_span};

impl SessionTransfer for Client {
    fn transfer<'a>(
        &'a self,
        state: &'a TransferState,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<TransferUrl, Error>> {
        let span = info_span!("lunadefend.transfer", outcome = field::Empty);
        let work = self.transfer_url(state, session);
        Box::pin(observe::call("transfer", span, |_| "signed", work))
    }

    fn jwks(&self) -> BoxFuture<'_, Result<JwksDocument, Error>> {
        Box::pin(self.0.keys.jwks())
    }
}

impl Client {
    async fn transfer_url(
        &self,
        state: &TransferState,
        session: &SessionId,
    ) -> Result<TransferUrl, Error> {
        let session = self.0.session_ids.on_the_wire(session)?;
        let jwt =
            Inner::authorized(self.0.keys.transfer(&session, state), self.0.deadline()).await?;
        let mut url = self.0.public_tokenizer().join("/session/create");
        url.push('?');
        let query_start = url.len();
        let url = form_urlencoded::Serializer::for_suffix(url, query_start)
            .append_pair("state", state.expose_secret())
            .append_pair("openid_token", jwt.expose_secret())
            .finish();
        Ok(TransferUrl::new(url))
    }
}
