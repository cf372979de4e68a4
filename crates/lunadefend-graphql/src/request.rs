//! The state of a running operation: the session of its request, and the grants.

use async_graphql::{Context, Data};
use lunadefend_core::{
    Error, ErrorKind, GrantDuration, Grants, SessionId,
    provider::{BoxFuture, GrantRequest, GrantService, TokenId, Verdict},
    trust::{Grant, Verify},
};
use std::{
    any::{Any, TypeId},
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The session of a request and the grants for its operation. The extension puts them into the data of the
/// request, where resolvers find them.
#[derive(Clone)]
pub(crate) struct RequestGrants {
    session: Option<SessionId>,
    memory: Arc<Memory>,
    grants: Grants,
}

impl RequestGrants {
    pub(crate) fn new(session: Option<SessionId>, grants: Grants) -> Self {
        let max_tokens = grants.max_tokens();
        let memory = Arc::new(Memory {
            service: grants,
            known: Mutex::default(),
        });
        Self {
            session,
            grants: Grants::new(Arc::clone(&memory)).with_max_tokens(max_tokens),
            memory,
        }
    }

    /// Returns that of the resolver's request.
    pub(crate) fn of<'a>(context: &Context<'a>) -> Result<&'a Self, Error> {
        context.data_opt().ok_or_else(|| {
            Error::new(ErrorKind::Internal).with_source(
                "the schema has no `TokenExtension`: build it by `lunadefend_graphql::build`",
            )
        })
    }

    pub(crate) fn session(&self) -> Result<&SessionId, Error> {
        self.session
            .as_ref()
            .ok_or_else(|| ErrorKind::NoSession.into())
    }

    pub(crate) async fn verify<T: Verify>(&self, value: T) -> Result<T::Verified, Error> {
        self.grants.verify(self.session()?, value).await
    }

    pub(crate) async fn grant<T: Grant>(
        &self,
        value: T,
        duration: Option<GrantDuration>,
    ) -> Result<T::Granted, Error> {
        self.grants.grant(self.session()?, value, duration).await
    }

    /// Grants the values of a response's fields, whose types do not express trust.
    pub(crate) async fn grant_all(&self, requests: &[GrantRequest]) -> Result<(), Error> {
        if requests.is_empty() {
            return Ok(());
        }
        self.grants.grant_all(self.session()?, requests).await
    }

    /// Forgets the verified and granted tokens: the next event of a subscription may be hours later.
    pub(crate) fn forget(&self) {
        *self.memory.known() = Known::default();
    }
}

/// Returns the session that the application put into the data of the request or of the connection. A session
/// in the schema's data is ignored: all users would share it.
pub(crate) fn session_of(request: &Data, connection: &Data) -> Option<SessionId> {
    find::<SessionId>(request)
        .or_else(|| find(connection))
        .cloned()
}

pub(crate) fn find<T: Any>(data: &Data) -> Option<&T> {
    data.get(&TypeId::of::<T>())?.downcast_ref()
}

/// Calls the service, except for tokens that it accepted within the same operation. So tokens that the
/// extension verified at the start cost a resolver no call.
///
/// Each operation has its own, and an operation has one session.
struct Memory {
    service: Grants,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    verified: HashSet<TokenId>,
    granted: HashSet<TokenId>,
    requested: HashSet<GrantRequest>,
}

impl Memory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, token: &TokenId) {
        let mut known = self.known();
        known.verified.remove(token);
        known.granted.remove(token);
        known.requested.retain(|request| request.token() != token);
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

impl GrantService for Memory {
    fn verify_all<'a>(
        &'a self,
        session: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        Box::pin(async move {
            let is_known = |token: &TokenId| self.known().verified.contains(token);
            let asked: Vec<TokenId> = tokens.iter().filter(|t| !is_known(t)).cloned().collect();
            if asked.is_empty() {
                return Ok(vec![Verdict::Valid; tokens.len()]);
            }
            let verdicts = self.service.verify_all(session, &asked).await?;
            if verdicts.len() != asked.len() {
                return Err(ErrorKind::BadTokenizerResponse.into());
            }
            let valid = asked.into_iter().zip(verdicts);
            let valid = valid.filter(|(_, verdict)| *verdict == Verdict::Valid);
            let mut known = self.known();
            known.verified.extend(valid.map(|(token, _)| token));
            let verdict = |token| match known.verified.contains(token) {
                true => Verdict::Valid,
                false => Verdict::Invalid,
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
            let asked: Vec<GrantRequest> = {
                let known = self.known();
                let is_known = |request: &GrantRequest| match request.duration() {
                    // Without a requested duration: any grant will do.
                    None => known.granted.contains(request.token()),
                    Some(_) => known.requested.contains(request),
                };
                grants.iter().filter(|g| !is_known(g)).cloned().collect()
            };
            if asked.is_empty() {
                return Ok(());
            }
            self.service.grant_all(session, &asked).await?;
            let mut known = self.known();
            for request in asked {
                known.granted.insert(request.token().clone());
                known.requested.insert(request);
            }
            Ok(())
        })
    }

    fn revoke_grants<'a>(
        &'a self,
        session: Option<&'a SessionId>,
        token: &'a TokenId,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.forget(token);
        self.service.revoke_grants(session, token)
    }
}
