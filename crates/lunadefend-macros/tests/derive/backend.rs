//! What extractors and responders do, on grants in memory.

use lunadefend_core::{Error, FromUntrusted, GrantDuration, IntoGranted, Unverified};
pub(crate) use lunadefend_testing::token;
use lunadefend_testing::{TestBackend, session};

/// The identifier of the `n`th token.
pub(crate) fn id(n: u32) -> String {
    token(n).expose_id().to_owned()
}

/// One that accepts every token.
pub(crate) fn accepting() -> TestBackend {
    let backend = TestBackend::new();
    backend.accept_all();
    backend
}

/// One that accepts every token but the `n`th.
pub(crate) fn refusing(n: u32) -> TestBackend {
    let backend = accepting();
    backend.refuse(&token(n));
    backend
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// What an extractor does for the session `ann`. The outer error is serde's.
pub(crate) fn receive<T: FromUntrusted>(
    backend: &TestBackend,
    json: &str,
) -> serde_json::Result<Result<T, Error>> {
    let unverified: Unverified<T> = serde_json::from_str(json)?;
    Ok(block_on(
        backend.grants().verify(&session("ann"), unverified),
    ))
}

/// What a responder does.
pub(crate) fn send<T: IntoGranted>(
    backend: &TestBackend,
    value: T,
    duration: Option<GrantDuration>,
) -> String {
    let granted = backend.grants();
    let granted = block_on(granted.grant(&session("ann"), value, duration)).unwrap();
    serde_json::to_string(&granted).unwrap()
}

/// Reads `json` as a `T` and writes that again.
#[track_caller]
pub(crate) fn round_trip<T: FromUntrusted + IntoGranted>(json: &str) -> String {
    let backend = accepting();
    let value: T = receive(&backend, json).unwrap().unwrap();
    send(&backend, value, None)
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
