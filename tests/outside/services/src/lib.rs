//! Services written against the facade `lunadefend` alone.

use lunadefend::{
    Error, SessionId,
    provider::{
        BoxFuture, Clock, GrantRequest, GrantService, SecretError, SecretProvider, SecretValue,
        SecretVersions, TokenId, Verdict,
    },
};
use std::time::{Duration, SystemTime};

/// A secret store.
#[derive(Debug)]
pub struct Vending;

impl SecretProvider for Vending {
    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        Box::pin(async { Ok(SecretValue::new("0123456789abcdef0123456789abcdef").into()) })
    }

    fn origin(&self) -> String {
        "the vending machine".to_owned()
    }
}

/// A tokenizer that knows one session, whose grants all count.
#[derive(Debug)]
pub struct OneSession(pub &'static str);

impl GrantService for OneSession {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let verdict = match session.expose_id() == self.0 {
            true => Verdict::Valid,
            false => Verdict::Invalid,
        };
        Box::pin(async move { Ok(vec![verdict; tokens.len()]) })
    }

    fn grant_all<'a>(
        &'a self,
        _: &'a SessionId,
        _: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }
}

/// A clock that stands still.
#[derive(Debug)]
pub struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend::{ErrorKind, Grants, UntrustedToken, VerifiedToken};

    #[tokio::test]
    async fn services_of_another_crate_are_used() {
        let grants = Grants::new(OneSession("ann"));
        let stored =
            VerifiedToken::assertion("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap();
        let ann = SessionId::new("ann").unwrap();
        let sent = grants.grant(&ann, &stored, None).await.unwrap();
        let posted = || UntrustedToken::parse(sent.expose_id()).unwrap();
        assert_eq!(grants.verify(&ann, posted()).await.unwrap(), stored);
        let bob = SessionId::new("bob").unwrap();
        let refused = grants.verify(&bob, posted()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidGrant);

        let secret = Vending.fetch().await.unwrap();
        assert_eq!(secret.current.value.expose_secret().len(), 32);
        assert_eq!(Stopped.unix_millis().get(), 7_000);
    }
}
