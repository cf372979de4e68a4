//! The backend decides as a tokenizer does.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use lunadefend_core::{
    Backend, Error, ErrorKind, GrantDuration, SessionId, UntrustedToken, VerifiedToken,
    adapter::AuthPlugin,
};
use lunadefend_testing::{Call, TestBackend, assert_error, session, token};
use std::time::Duration;

async fn verify(
    backend: &TestBackend,
    session: &SessionId,
    token: &VerifiedToken,
) -> Result<VerifiedToken, ErrorKind> {
    let token = UntrustedToken::parse(token.expose_id()).unwrap();
    let verified = backend.grants().verify(session, token).await;
    verified.map_err(|error| error.kind())
}

async fn create(
    backend: &TestBackend,
    session: &SessionId,
    duration: Option<&str>,
) -> Result<(), ErrorKind> {
    let duration: Option<GrantDuration> = duration.map(|text| text.parse().unwrap());
    let granted = backend.grants().grant(session, &token(1), duration).await;
    granted.map(|_| ()).map_err(|error| error.kind())
}

#[tokio::test]
async fn a_grant_is_for_one_session_and_one_token() {
    let backend = TestBackend::new();
    let (ann, bob) = (session("ann"), session("bob"));
    assert_eq!(
        backend.grant(&ann, &token(1)).expose_id(),
        token(1).expose_id()
    );
    assert_eq!(verify(&backend, &ann, &token(1)).await, Ok(token(1)));
    for (session, number) in [(&bob, 1), (&ann, 2), (&bob, 2)] {
        let refused = verify(&backend, session, &token(number)).await;
        assert_eq!(refused, Err(ErrorKind::InvalidGrant));
        backend.assert_not_granted(session, &token(number));
    }
    backend.assert_granted(&ann, &token(1));
}

#[tokio::test]
async fn a_grant_ends_with_its_duration() {
    let ann = session("ann");
    for (duration, seconds) in [(None, 900), (Some("1s"), 1), (Some("1h"), 3600)] {
        let backend = TestBackend::new();
        create(&backend, &ann, duration).await.unwrap();
        backend
            .clock()
            .advance(Duration::from_millis(seconds * 1000 - 1));
        backend.assert_granted(&ann, &token(1));
        backend.clock().advance(Duration::from_millis(1));
        let ended = verify(&backend, &ann, &token(1)).await;
        assert_eq!(ended, Err(ErrorKind::InvalidGrant), "{duration:?}");
    }
}

#[tokio::test]
async fn of_two_grants_the_later_end_holds() {
    let (backend, ann) = (TestBackend::new(), session("ann"));
    create(&backend, &ann, Some("30m")).await.unwrap();
    create(&backend, &ann, Some("1s")).await.unwrap();
    backend.clock().advance(Duration::from_secs(1799));
    backend.assert_granted(&ann, &token(1));
    create(&backend, &ann, Some("1m")).await.unwrap();
    backend.clock().advance(Duration::from_secs(59));
    backend.assert_granted(&ann, &token(1));
}

#[tokio::test]
async fn no_grant_is_longer_than_the_maximum() {
    let ann = session("ann");
    let refused = Err(ErrorKind::GrantDuration);
    let backend = TestBackend::new();
    assert_eq!(create(&backend, &ann, Some("1h0.001s")).await, refused);
    backend.assert_not_granted(&ann, &token(1));
    let minute = "1m".parse().unwrap();
    let backend = TestBackend::new().with_max_duration(minute);
    assert_eq!(create(&backend, &ann, Some("61s")).await, refused);
    create(&backend, &ann, None).await.unwrap();
    backend.clock().advance(minute.get());
    backend.assert_not_granted(&ann, &token(1));
}

#[tokio::test]
async fn an_ended_session_counts_no_more() {
    let (backend, ann, bob) = (TestBackend::new(), session("ann"), session("bob"));
    for session in [&ann, &bob] {
        backend.grant(session, &token(1));
    }
    backend.accept_all();
    for _ in 0..2 {
        backend.sessions().end(&ann).await.unwrap();
    }
    let refused = verify(&backend, &ann, &token(1)).await;
    assert_eq!(refused, Err(ErrorKind::InvalidGrant));
    assert_eq!(
        create(&backend, &ann, None).await,
        Err(ErrorKind::SessionEnded)
    );
    backend.assert_granted(&bob, &token(1));
}

#[tokio::test]
async fn accepted_and_refused_at_will() {
    let (backend, ann) = (TestBackend::new(), session("ann"));
    backend.accept_all();
    assert!(verify(&backend, &ann, &token(1)).await.is_ok());
    backend.refuse(&token(1));
    let refused = verify(&backend, &ann, &token(1)).await;
    assert_eq!(refused, Err(ErrorKind::InvalidGrant));
    assert!(verify(&backend, &ann, &token(2)).await.is_ok());
    create(&backend, &ann, None).await.unwrap();
    assert!(verify(&backend, &ann, &token(1)).await.is_ok());
}

#[tokio::test]
async fn calls_fail_at_will_and_do_nothing_then() {
    let (backend, ann) = (TestBackend::new(), session("ann"));
    let down = Err(ErrorKind::TokenizerUnavailable);
    backend.fail_next(ErrorKind::TokenizerUnavailable);
    backend.grant(&ann, &token(2));
    assert_eq!(
        create(&backend, &ann, None).await,
        down,
        "seeding took no fault"
    );
    backend.assert_not_granted(&ann, &token(1));
    create(&backend, &ann, None).await.unwrap();

    backend.fail(ErrorKind::TokenizerUnavailable);
    for _ in 0..2 {
        assert_eq!(create(&backend, &ann, None).await, down);
        assert!(backend.sessions().end(&ann).await.is_err());
    }
    backend.recover();
    backend.assert_granted(&ann, &token(1));
    create(&backend, &ann, None).await.unwrap();
}

#[tokio::test]
async fn calls_are_noted_down_once() {
    let (backend, ann) = (TestBackend::new(), session("ann"));
    backend.grant(&ann, &token(1));
    let texts = || [2, 1, 2].map(|number| token(number).expose_id().to_owned());
    let tokens = texts().map(|text| UntrustedToken::parse(&text).unwrap());
    let refused: Result<Vec<VerifiedToken>, Error> =
        backend.grants().verify(&ann, Vec::from(tokens)).await;
    assert!(refused.is_err());
    create(&backend, &ann, Some("5m")).await.unwrap();
    backend.sessions().end(&ann).await.unwrap();
    let minutes = Some("5m".parse().unwrap());
    assert_eq!(
        backend.take_calls(),
        [
            Call::verify("ann", texts().into_iter().take(2)),
            Call::grant("ann", [(token(1).expose_id(), minutes)]),
            Call::End {
                session: "ann".to_owned()
            },
        ]
    );
    assert_eq!(backend.take_calls(), []);
}

#[tokio::test]
async fn grants_are_revoked_for_one_session_or_for_all() {
    let (backend, ann, bob) = (TestBackend::new(), session("ann"), session("bob"));
    for number in [1, 2] {
        backend.grant(&ann, &token(number));
        backend.grant(&bob, &token(number));
    }
    let grants = backend.grants();
    grants.revoke(&ann, &token(1)).await.unwrap();
    let refused = Err(ErrorKind::InvalidGrant);
    assert_eq!(verify(&backend, &ann, &token(1)).await, refused);
    assert!(verify(&backend, &bob, &token(1)).await.is_ok());
    assert!(verify(&backend, &ann, &token(2)).await.is_ok());
    let _ = backend.take_calls();
    grants.revoke_all(&token(2)).await.unwrap();
    let call = Call::Revoke {
        session: None,
        tokens: vec![token(2).expose_id().to_owned()],
    };
    assert_eq!(backend.take_calls(), [call]);
    for session in [&ann, &bob] {
        assert_eq!(verify(&backend, session, &token(2)).await, refused);
    }
    backend.grant(&ann, &token(2));
    assert!(verify(&backend, &ann, &token(2)).await.is_ok());
    backend.fail_next(ErrorKind::TokenizerUnavailable);
    let error = grants.revoke_all(&token(2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    assert!(verify(&backend, &ann, &token(2)).await.is_ok());
}

#[tokio::test]
async fn it_stands_behind_an_adapter() {
    let backend = TestBackend::new();
    let handles = Backend::from(&backend);
    let provider = || async { Ok(Some(session("ann \u{e9}"))) };
    let (method, headers) = (http::Method::GET, http::HeaderMap::new());
    let plugin: &AuthPlugin = handles.auth_plugin();
    let transfer = plugin
        .secure_frame(&method, Some("state=s"), &headers, provider)
        .await;
    assert_eq!(
        transfer.headers()["location"],
        "https://tokenizer.example/session/create?state=s&session=ann%20%C3%A9"
    );
    assert_eq!(plugin.jwks(&method, &headers).await.body(), "{\"keys\":[]}");
    let call = Call::Transfer {
        session: "ann \u{e9}".to_owned(),
    };
    assert_eq!(backend.take_calls(), [call, Call::Jwks]);
    let page = |id| handles.sessions().page_session(&session(id)).unwrap();
    assert_eq!(page("ann"), page("ann"));
    assert_ne!(page("ann"), page("bob"));
}

#[tokio::test]
#[should_panic(
    expected = "holds no grant for the token lunasec-00000000-0000-4000-8000-000000000001: the grant has expired"
)]
async fn a_failed_assertion_says_why() {
    let (backend, ann) = (TestBackend::new(), session("ann"));
    backend.grant(&ann, &token(1));
    backend.clock().advance(Duration::from_secs(900));
    backend.assert_granted(&ann, &token(1));
}

#[test]
#[should_panic(expected = "not the error `invalidGrant` with status 401, but status 200: []")]
fn what_is_no_error_is_none() {
    assert_error(200_u16, "[]", ErrorKind::InvalidGrant);
}

#[test]
#[should_panic(expected = "not the error `sessionError` with status 500, but status 401")]
fn another_error_is_another() {
    let response = lunadefend_core::adapter::log_and_render(&ErrorKind::NoSession.into());
    assert_error(
        response.status(),
        response.body(),
        ErrorKind::SessionProvider,
    );
}
