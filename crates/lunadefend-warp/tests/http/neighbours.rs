//! Refused requests among other routes: the refusal is the answer, and nobody else is asked.

use crate::app::{App, Counter, app, get, post, text};
use bytes::Bytes;
use lunadefend_core::{ErrorKind, VerifiedToken};
use lunadefend_testing::{TestBackend, assert_error, session, token};
use lunadefend_warp::{Error, Granter, Luna, Session, Verified, recover};
use std::convert::Infallible;
use warp::{Filter, Rejection, Reply, filters::BoxedFilter, reply::Response};

async fn store(Verified(tokens): Verified<Vec<VerifiedToken>>) -> Result<String, Error> {
    Ok(tokens.len().to_string())
}

/// Routes of all kinds that would like to answer: other methods, other paths, bodies, everything.
fn neighbours(ran: &Counter) -> BoxedFilter<(Response,)> {
    let count = ran.clone();
    let run = move || {
        count.add();
        "a neighbour"
    };
    let (with_body, catch_all) = (run.clone(), run.clone());
    warp::path!("cards")
        .and(warp::delete())
        .map(run)
        .or(warp::path!("cards")
            .and(warp::body::bytes())
            .map(move |_: Bytes| with_body()))
        .or(warp::path!(String)
            .and(warp::header::<String>("x-missing"))
            .map(|_: String, _: String| "never"))
        .or(warp::any().map(catch_all))
        .map(Reply::into_response)
        .boxed()
}

fn cards(luna: &Luna) -> BoxedFilter<(Response,)> {
    luna.handle(warp::path!("cards").and(warp::post()), store)
}

/// What is refused, and with which status.
fn refused() -> Vec<(warp::test::RequestBuilder, u16)> {
    vec![
        (get("/cards").method("POST").body("[]"), 401),
        (post("/cards", "ann").body("["), 400),
        (post("/cards", "ann").body("[\"4111\"]"), 400),
        (post("/cards", "ann").json(&[token(1).expose_id()]), 401),
        (post("/cards", "ann").body(" ".repeat(64 * 1024 + 1)), 413),
        (post("/cards", "fail").body("[]"), 500),
        (post("/cards", "panic").body("[]"), 500),
        (
            get("/cards")
                .method("POST")
                .header("x-session", "ann")
                .header("content-type", "text/plain")
                .body("[]"),
            415,
        ),
    ]
}

#[tokio::test]
async fn a_refusal_is_final_before_other_routes() {
    let App { luna, .. } = app();
    let ran = Counter::default();
    let routes = cards(&luna).or(neighbours(&ran));
    for (request, status) in refused() {
        let (answered, body) = text(request.reply(&routes).await);
        assert_eq!(answered, status, "{body}");
        assert!(body.starts_with("{\"success\":false,"), "{body}");
    }
    assert_eq!(ran.get(), 0);
    // They are alive: what the route is not for is theirs.
    let response = get("/cards").method("DELETE").reply(&routes).await;
    assert_eq!(
        (response.body().as_ref(), ran.get()),
        (&b"a neighbour"[..], 1)
    );
}

#[tokio::test]
async fn a_refusal_is_final_between_routes_that_have_rejected() {
    let App { luna, .. } = app();
    let ran = Counter::default();
    let before = warp::path!("cards")
        .and(warp::get())
        .map(warp::reply)
        .or(warp::path!("cards")
            .and(warp::header::<u32>("x-session"))
            .map(|_| warp::reply()))
        .or(warp::path!("elsewhere").map(warp::reply));
    let routes = before
        .or(cards(&luna))
        .or(neighbours(&ran))
        .recover(recover);
    for (request, status) in refused() {
        let (answered, body) = text(request.reply(&routes).await);
        assert_eq!(answered, status, "{body}");
        assert!(body.starts_with("{\"success\":false,"), "{body}");
    }
    assert_eq!(ran.get(), 0);
}

#[tokio::test]
async fn what_the_route_itself_rejects_is_left_to_others() {
    let App { luna, asked, .. } = app();
    for (request, status) in [
        (post("/other", "ann").body("[]"), 404),
        (get("/cards"), 405),
    ] {
        let response = request.reply(&cards(&luna)).await;
        assert_eq!(response.status(), status);
    }
    assert_eq!(asked.get(), 0);
}

#[tokio::test]
async fn a_filter_that_builds_upon_the_session_is_refused_like_a_handler() {
    async fn greet(name: String) -> String {
        name
    }

    let App { luna, .. } = app();
    let ran = Counter::default();
    let user = luna
        .extract::<Session>()
        .and_then(|Session(session)| async move {
            match session.expose_id() {
                "ann" => Ok("Ann".to_owned()),
                _ => Err(Rejection::from(Error::from(ErrorKind::Forbidden))),
            }
        });
    let routes = luna
        .handle(warp::path!("me").and(user), greet)
        .or(neighbours(&ran));
    let ann = get("/me").header("x-session", "ann").reply(&routes).await;
    assert_eq!(text(ann), (200, "Ann".to_owned()));
    let bob = get("/me").header("x-session", "bob").reply(&routes).await;
    assert_error(bob.status(), bob.body(), ErrorKind::Forbidden);
    assert_eq!(get("/me").reply(&routes).await.status(), 401);
    assert_eq!(ran.get(), 0);
}

#[tokio::test]
async fn filters_without_a_handler_are_recovered_from() {
    let App { luna, backend, .. } = app();
    let cards = warp::path!("cards")
        .and(warp::post())
        .and(luna.extract::<Granter>())
        .and(luna.extract::<Verified<Vec<VerifiedToken>>>())
        .and_then(|granter: Granter, Verified(tokens)| async move {
            let granted = granter.grant(tokens).await?;
            Ok::<_, Rejection>(granted)
        });
    let other = warp::path!("cards").and(warp::get()).map(warp::reply);
    let routes = cards.recover(recover).or(other);
    let granted = serde_json::to_string(&[backend.grant(&session("ann"), &token(1))]).unwrap();
    let request = post("/cards", "ann").body(&granted);
    assert_eq!(text(request.reply(&routes).await), (200, granted));
    for (request, status) in [
        (get("/cards").method("POST").body("[]"), 401),
        (post("/cards", "bob").json(&[token(1).expose_id()]), 401),
        (post("/cards", "fail").body("[]"), 500),
    ] {
        assert_eq!(text(request.reply(&routes).await).0, status);
    }
    // Rejections of others stay as they are.
    assert_eq!(get("/cards").reply(&routes).await.status(), 200);
    assert_eq!(get("/").reply(&routes).await.status(), 404);
    let put = get("/cards").method("PUT").reply(&routes).await;
    assert_eq!(put.status(), 405);
}

#[tokio::test]
async fn recovered_from_once_for_all_routes_ours_still_wins_over_statuses() {
    let App { luna, .. } = app();
    let verified = warp::path!("cards")
        .and(warp::post())
        .and(luna.extract::<Verified<Vec<VerifiedToken>>>())
        .map(|_| warp::reply());
    let get_cards = warp::path!("cards").and(warp::get()).map(warp::reply);
    let with_header = warp::path!("cards")
        .and(warp::header::<u32>("x-missing"))
        .map(|_| "");
    let with_body = warp::path!("cards")
        .and(warp::body::json())
        .map(|_: u32| "");
    let routes = get_cards
        .or(verified)
        .or(with_header)
        .or(with_body)
        .recover(recover);
    for (request, status) in refused() {
        let (answered, body) = text(request.reply(&routes).await);
        assert_eq!(answered, status, "{body}");
    }
}

#[tokio::test]
async fn an_error_that_nobody_recovers_from_tells_nothing() {
    let reject = warp::any().and_then(|| async {
        let error = Error::session_provider("the store is down").with_source("canary");
        Err::<Infallible, _>(Rejection::from(error))
    });
    let (status, body) = text(warp::test::request().reply(&reject).await);
    assert_eq!((status, body.contains("canary")), (500, false), "{body}");
}

#[tokio::test]
async fn a_body_that_another_filter_took_is_a_500_and_not_an_empty_one() {
    async fn store(
        _: Bytes,
        Verified(_): Verified<Vec<VerifiedToken>>,
    ) -> Result<&'static str, Error> {
        Ok("")
    }

    let App { luna, .. } = app();
    let routes = luna.handle(warp::path!("cards").and(warp::body::bytes()), store);
    let (status, body) = text(post("/cards", "ann").body("[]").reply(&routes).await);
    assert_eq!(
        (status, body.contains("internalError")),
        (500, true),
        "{body}"
    );
}

#[tokio::test]
async fn any_rejection_of_the_providers_filter_is_a_500() {
    async fn whoami(_: Option<Session>) -> &'static str {
        "anybody"
    }

    #[derive(Debug)]
    struct Canary;
    impl warp::reject::Reject for Canary {}

    let not_found = warp::any().and_then(|| async { Err::<(), _>(warp::reject::not_found()) });
    let own = warp::any().and_then(|| async { Err::<(), _>(Rejection::from(Canary)) });
    let ours = warp::any()
        .and_then(|| async { Err::<(), _>(Rejection::from(Error::from(ErrorKind::NoSession))) });
    let missing = warp::header::<u32>("x-session").map(|_| ());
    for picks in [
        not_found.boxed(),
        own.boxed(),
        ours.boxed(),
        missing.boxed(),
    ] {
        let luna = Luna::new(TestBackend::new(), picks, |()| async { Ok(None) });
        let route = luna.handle(warp::path!("whoami"), whoami);
        let ran = Counter::default();
        let routes = route.or(luna.routes()).or(neighbours(&ran));
        for path in ["/whoami", "/.lunasec/secure-frame?state=s"] {
            let (status, body) = text(get(path).reply(&routes).await);
            assert_eq!(status, 500, "{path}");
            assert!(
                body.contains("sessionError") && !body.contains("Canary"),
                "{body}"
            );
        }
        let keys = get("/.lunasec/jwks.json").reply(&routes).await;
        assert_eq!((keys.status().as_u16(), ran.get()), (200, 0));
    }
}
