use lunadefend_core::{
    BoxFuture, Error, FromUntrusted, GrantDuration, GrantRequest, GrantService, Grants,
    IntoGranted, SessionId, TokenId, Unverified, Verdict, VerifiedToken,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

/// The identifier of the `n`th token.
pub(crate) fn id(n: u32) -> String {
    format!("lunasec-00000000-0000-4000-8000-{n:012x}")
}

/// The `n`th token.
pub(crate) fn token(n: u32) -> VerifiedToken {
    VerifiedToken::assertion(&id(n)).unwrap()
}

type Granted = (String, Option<GrantDuration>);

/// A tokenizer that believes every token but those that are named, and keeps all calls.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    pub(crate) refused: HashSet<String>,
    pub(crate) verified: Mutex<Vec<Vec<String>>>,
    pub(crate) granted: Mutex<Vec<Vec<Granted>>>,
}

impl GrantService for Fake {
    fn verify_all<'a>(
        &'a self,
        _: &'a SessionId,
        tokens: &'a [TokenId],
    ) -> BoxFuture<'a, Result<Vec<Verdict>, Error>> {
        let ids = tokens.iter().map(|token| token.expose_id().to_owned());
        let ids: Vec<_> = ids.collect();
        let verdicts = ids.iter().map(|id| match self.refused.contains(id) {
            true => Verdict::Invalid,
            false => Verdict::Valid,
        });
        let verdicts = verdicts.collect();
        self.verified.lock().unwrap().push(ids);
        Box::pin(async { Ok(verdicts) })
    }

    fn create_all<'a>(
        &'a self,
        _: &'a SessionId,
        grants: &'a [GrantRequest],
    ) -> BoxFuture<'a, Result<(), Error>> {
        let grants = grants.iter();
        let grants = grants.map(|grant| (grant.token().expose_id().to_owned(), grant.duration()));
        self.granted.lock().unwrap().push(grants.collect());
        Box::pin(async { Ok(()) })
    }
}

impl Fake {
    pub(crate) fn refusing(n: u32) -> Self {
        Self {
            refused: [id(n)].into(),
            ..Self::default()
        }
    }
}

fn session() -> SessionId {
    SessionId::new("ann").unwrap()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// What an extractor does. The outer error is serde's.
pub(crate) fn receive<T: FromUntrusted>(
    fake: &Arc<Fake>,
    json: &str,
) -> serde_json::Result<Result<T, Error>> {
    let unverified: Unverified<T> = serde_json::from_str(json)?;
    let grants = Grants::new(Arc::clone(fake));
    Ok(block_on(grants.verify(&session(), unverified)))
}

/// What a responder does.
pub(crate) fn send<T: IntoGranted>(
    fake: &Arc<Fake>,
    value: T,
    duration: Option<GrantDuration>,
) -> String {
    let grants = Grants::new(Arc::clone(fake));
    let granted = block_on(grants.create(&session(), value, duration)).unwrap();
    serde_json::to_string(&granted).unwrap()
}

/// Reads `json` as a `T` and writes that again.
#[track_caller]
pub(crate) fn round_trip<T: FromUntrusted + IntoGranted>(json: &str) -> String {
    let fake = Arc::new(Fake::default());
    let value: T = receive(&fake, json).unwrap().unwrap();
    send(&fake, value, None)
}

/// A `T` is read from `json`, and written the same.
#[track_caller]
pub(crate) fn same<T: FromUntrusted + IntoGranted>(json: &str) {
    let json = json
        .replace("T1", &id(1))
        .replace("T2", &id(2))
        .replace("T3", &id(3));
    assert_eq!(round_trip::<T>(&json), json);
}
