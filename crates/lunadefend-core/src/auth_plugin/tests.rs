use super::*;

#[derive(Debug)]
struct Fake;

impl SessionTransfer for Fake {
    fn transfer<'a>(
        &'a self,
        state: &'a TransferState,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<TransferUrl, Error>> {
        Box::pin(async move {
            let (state, session) = (state.expose_secret(), session.expose_id());
            Ok(TransferUrl::new(format!(
                "https://t.example/session/create?state={state}&sid={session}"
            )))
        })
    }

    fn jwks(&self) -> BoxFuture<'_, Result<JwksDocument, Error>> {
        Box::pin(async {
            Ok(JwksDocument {
                body: Bytes::from_static(b"{\"keys\":[]}"),
                etag: HeaderValue::from_static("\"tag\""),
            })
        })
    }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect()
}

async fn frame(query: Option<&str>, request: &[(&'static str, &'static str)]) -> Response<Bytes> {
    AuthPlugin::new(Fake)
        .secure_frame(&Method::GET, query, &headers(request), || async {
            SessionId::new("ann").map(Some)
        })
        .await
}

#[tokio::test]
async fn a_session_is_sent_back_with_its_state() {
    let response = frame(Some("x=1&state=aZ0._~-&y=2"), &[]).await;
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(
        response.headers()[header::LOCATION],
        "https://t.example/session/create?state=aZ0._~-&sid=ann"
    );
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(
        response.headers()["cross-origin-resource-policy"],
        "cross-origin"
    );
    assert!(response.body().is_empty());
    assert!(
        !format!("{response:?}").contains("ann"),
        "the location is sensitive"
    );
}

#[tokio::test]
async fn a_state_that_is_not_one_is_a_400() {
    let long = format!("state={}", "a".repeat(257));
    for query in [
        None,
        Some(""),
        Some("state"),
        Some("state="),
        Some("state=a&state=b"),
        Some("state[x]=1"),
        Some("state=a%20b"),
        Some("state=a+b"),
        Some("state=%ZZ"),
        Some("state=\u{e9}"),
        Some(long.as_str()),
    ] {
        let response = frame(query, &[]).await;
        assert_eq!(response.status(), 400, "{query:?}");
        assert_eq!(
            response.body(),
            r#"{"success":false,"error":{"name":"badRequest","message":"state is not set in request","code":"400"}}"#
        );
    }
    assert_eq!(
        frame(Some(&format!("state={}", "a".repeat(256))), &[])
            .await
            .status(),
        302
    );
}

const MODE: &str = "sec-fetch-mode";
const DEST: &str = "sec-fetch-dest";

#[tokio::test]
async fn only_a_no_cors_fetch_is_transferred() {
    for refused in [
        &[(MODE, "navigate"), (DEST, "iframe")][..],
        &[(MODE, "navigate"), (DEST, "document")],
        &[(MODE, "navigate")],
        &[(MODE, "cors"), (DEST, "empty")],
        &[(MODE, "same-origin"), (DEST, "empty")],
        &[(MODE, "no-cors"), (DEST, "iframe")],
        &[(MODE, "no-cors"), (DEST, "script")],
        &[(MODE, "no-cors"), (DEST, "image")],
        &[(MODE, "No-Cors"), (DEST, "empty")],
        &[(MODE, ""), (DEST, "empty")],
        &[(DEST, "object")],
    ] {
        let response = frame(Some("state=a"), refused).await;
        assert_eq!(response.status(), 403, "{refused:?}");
    }
    for allowed in [
        &[(MODE, "no-cors"), (DEST, "empty")][..],
        &[(MODE, "no-cors")],
        &[(DEST, "empty")],
        &[],
        // After a detour browsers differ in what they say here.
        &[
            (MODE, "no-cors"),
            (DEST, "empty"),
            ("sec-fetch-site", "none"),
        ],
    ] {
        let response = frame(Some("state=a"), allowed).await;
        assert_eq!(response.status(), 302, "{allowed:?}");
    }
}

#[tokio::test]
async fn a_header_that_comes_twice_is_not_right() {
    for name in [MODE, DEST] {
        let mut headers = headers(&[(MODE, "no-cors"), (DEST, "empty")]);
        let again = headers[name].clone();
        headers.append(name, again);
        let response = AuthPlugin::new(Fake)
            .secure_frame(&Method::GET, Some("state=a"), &headers, || async {
                SessionId::new("ann").map(Some)
            })
            .await;
        assert_eq!(response.status(), 403, "{name}");
    }
}

/// A no-cors fetch that meets a same-origin response is a network error in the page.
#[tokio::test]
async fn every_answer_is_within_reach_of_the_pages_fetch() {
    async fn ask(
        method: Method,
        query: &'static str,
        request: &[(&'static str, &'static str)],
        session: Result<Option<SessionId>, Error>,
    ) -> Response<Bytes> {
        AuthPlugin::new(Fake)
            .secure_frame(&method, Some(query), &headers(request), || async {
                session
            })
            .await
    }

    let ann = || SessionId::new("ann").map(Some);
    let failed = || Err(Error::session_provider("the store is down"));
    let answers = [
        (302, ask(Method::GET, "state=a", &[], ann()).await),
        (302, ask(Method::HEAD, "state=a", &[], ann()).await),
        (400, ask(Method::GET, "", &[], ann()).await),
        (401, ask(Method::GET, "state=a", &[], Ok(None)).await),
        (
            403,
            ask(Method::GET, "state=a", &[(MODE, "navigate")], ann()).await,
        ),
        (405, ask(Method::POST, "state=a", &[], ann()).await),
        (500, ask(Method::GET, "state=a", &[], failed()).await),
        (
            500,
            AuthPlugin::new(Fake)
                .secure_frame(&Method::GET, Some("state=a"), &HeaderMap::new(), || async {
                    panic!("canary")
                })
                .await,
        ),
        (
            400,
            AuthPlugin::secure_frame_refusal(&ErrorKind::BadRequest.into()),
        ),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status(), status);
        assert_eq!(
            answer.headers()["cross-origin-resource-policy"],
            "cross-origin",
            "{status}"
        );
    }
}

#[tokio::test]
async fn the_process_outlives_a_failing_provider() {
    async fn ask<F: Future<Output = Result<Option<SessionId>, Error>>>(
        session: impl FnOnce() -> F,
    ) -> (u16, String) {
        let plugin = AuthPlugin::new(Fake);
        let response = plugin
            .secure_frame(&Method::GET, Some("state=a"), &HeaderMap::new(), session)
            .await;
        (
            response.status().as_u16(),
            String::from_utf8_lossy(response.body()).into_owned(),
        )
    }

    let (status, body) = ask(|| async { Ok(None) }).await;
    assert_eq!(
        (
            status,
            body.contains("unable to authenticate the user of this request")
        ),
        (401, true)
    );
    let (status, body) = ask(|| async { SessionId::new("").map(Some) }).await;
    assert_eq!((status, body.contains("sessionError")), (500, true));
    let (status, body) = ask(|| async { Err(Error::session_provider("the store is down")) }).await;
    assert_eq!((status, body.contains("the store is down")), (500, true));
    let (status, body) = ask(|| async { panic!("canary") }).await;
    assert_eq!((status, body.contains("canary")), (500, false));
    let (status, _) =
        ask(|| -> std::future::Ready<Result<Option<SessionId>, Error>> { panic!("canary") }).await;
    assert_eq!(status, 500);
}

#[tokio::test]
async fn the_key_set_is_cacheable_and_read_only() {
    let plugin = AuthPlugin::new(Fake);
    let response = plugin.jwks(&Method::GET, &HeaderMap::new()).await;
    assert_eq!(
        (response.status().as_u16(), response.body().len()),
        (200, 11)
    );
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(
        response.headers()[header::CACHE_CONTROL],
        "public, max-age=300"
    );
    assert_eq!(response.headers()[header::ETAG], "\"tag\"");
    for tag in ["\"tag\"", "W/\"tag\"", "\"x\", \"tag\"", "*"] {
        let response = plugin
            .jwks(&Method::HEAD, &headers(&[("if-none-match", tag)]))
            .await;
        assert_eq!(
            (response.status().as_u16(), response.body().len()),
            (304, 0),
            "{tag}"
        );
    }
    let response = plugin
        .jwks(&Method::GET, &headers(&[("if-none-match", "\"x\"")]))
        .await;
    assert_eq!(response.status(), 200);
    for method in [Method::POST, Method::OPTIONS, Method::DELETE] {
        let response = plugin.jwks(&method, &HeaderMap::new()).await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()[header::ALLOW], "GET, HEAD");
    }
}
