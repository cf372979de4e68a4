//! What `lunadefend doctor` says of proxies and other things in between: each is a real server here.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "command/server.rs"]
#[expect(dead_code, reason = "shared with the other tests of the command")]
mod server;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
    response::IntoResponse,
};
use lunadefend::{LunaDefend, provider::SecretValue, secrets::InlineSecret};
use lunadefend_axum::Luna;
use lunadefend_core::provider::Clock;
use lunadefend_crypto::SigningKey;
use lunadefend_http::HttpClient;
use lunadefend_jwt::SystemClock;
use server::{Server, lunadefend};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    time::Instant,
};

const KEY: &str = include_str!("../testdata/signing-key.pem");

/// Listens on a free port and answers each request by what `act` makes of it.
async fn front<F, A>(act: F) -> String
where
    F: Fn(Request<Body>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<Body>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app: Router = Router::new().fallback(act);
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}

/// Passes a request on to `upstream`, as a proxy does.
async fn pass(upstream: &str, request: Request<Body>) -> Response<Body> {
    let http = HttpClient::builder().tls(false).build().unwrap();
    let (parts, body) = request.into_parts();
    let mut headers = parts.headers;
    for name in [header::HOST, header::CONTENT_LENGTH, header::CONNECTION] {
        headers.remove(name);
    }
    let answer = http
        .send(lunadefend_http::Request {
            method: parts.method,
            url: format!("{upstream}{}", parts.uri.path_and_query().unwrap()).into(),
            headers,
            body: to_bytes(body, 64 * 1024).await.unwrap(),
            max_response: 64 * 1024,
            deadline: Instant::now() + Duration::from_secs(60),
        })
        .await
        .unwrap();
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

fn page(status: u16, headers: &[(&'static str, &str)]) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from("<html>canary</html>")).unwrap()
}

/// What it prints, for a tokenizer at this URL.
async fn doctor(url: &str, more: &[(&str, &str)]) -> String {
    let mut command = lunadefend();
    command
        .arg("doctor")
        .env("TOKENIZER_URL", url)
        .env("LUNASEC_SIGNING_KEY", KEY)
        .envs(more.iter().copied());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let printed = String::from_utf8(output.await.unwrap().stdout).unwrap();
    assert!(!printed.contains("canary"), "{printed}");
    printed
}

fn line<'a>(printed: &'a str, subject: &str) -> &'a str {
    let mut lines = printed.lines();
    let found = lines.find(|line| line.get(6..).is_some_and(|rest| rest.starts_with(subject)));
    assert!(found.is_some(), "nothing about {subject}: {printed}");
    found.unwrap()
}

/// A tokenizer that trusts our key, and an application that publishes it.
async fn right(more: &[(&str, &str)]) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let public = SigningKey::parse(KEY.as_bytes(), "test").unwrap();
    let public = public.public_key().to_spki_pem();
    let mut settings = vec![("SESSION_PUBLIC_KEY", public.as_str())];
    settings.extend(more);
    let server = Server::start_with(folder.path(), &settings);
    (folder, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_health_in_place_of_the_tokenizer_is_named() {
    type Act = fn(&str) -> Response<Body>;
    let cases: [(&str, Act); 14] = [
        ("a proxy answers 502 at ", |_| page(502, &[])),
        ("a proxy answers 503 at ", |_| page(503, &[])),
        ("a proxy answers 504 at ", |_| page(504, &[])),
        ("redirects to https://127.0.0.1 (301)", |_| {
            page(301, &[("location", "https://127.0.0.1/health?canary=1")])
        }),
        (
            "redirects to https://login.example (302), which is not followed: write that as its URL if it is there, and if it is a log-in",
            |_| {
                page(
                    302,
                    &[("location", "https://u:canary@login.example/canary")],
                )
            },
        ),
        ("redirects to another path of its own (307)", |_| {
            page(307, &[("location", "/canary/login")])
        }),
        ("a redirect to nowhere", |_| {
            page(308, &[("location", "javascript:canary")])
        }),
        ("asks for a log-in (401)", |_| {
            page(401, &[("www-authenticate", "Basic realm=canary")])
        }),
        ("refuses this application (403), a firewall perhaps", |_| {
            page(403, &[])
        }),
        ("is not a tokenizer, a log-in page perhaps", |_| {
            page(200, &[("content-type", "text/html")])
        }),
        ("answers 404 to /health: TOKENIZER_URL must be", |_| {
            page(404, &[])
        }),
        ("is asked for another path than /health", |_| {
            let body = r#"{"success":false,"error":{"name":"TokenizerError","message":"canary"}}"#;
            (StatusCode::NOT_FOUND, body).into_response()
        }),
        ("must start with https:// when TLS is spoken there", |_| {
            page(400, &[])
        }),
        ("answers compressed, though nobody asked for that", |_| {
            page(200, &[("content-encoding", "gzip")])
        }),
    ];
    for (words, act) in cases {
        let url = front(move |request| async move { act(request.uri().path()) }).await;
        let printed = doctor(&url, &[]).await;
        let found = line(&printed, "tokenizer");
        assert!(
            found.starts_with("FAIL") && found.contains(words),
            "{words}: {printed}"
        );
    }
}

/// nginx answers 503 in the tokenizer's form when it is configured as docs/proxies.md has it.
#[tokio::test(flavor = "multi_thread")]
async fn a_503_in_the_tokenizers_form_blames_it_or_what_speaks_for_it() {
    let url = front(|_| async {
        let body = r#"{"success":false,"error":{"name":"TokenizerError","message":"canary"}}"#;
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    });
    let printed = doctor(&url.await, &[]).await;
    let found = line(&printed, "tokenizer");
    assert!(
        found.contains("answers 503 to /health in the tokenizer's form"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_the_tokenizers_own_and_not_that_of_a_proxy() {
    let (_folder, server) = right(&[]).await;
    let upstream = Arc::new(server.public_url());
    let ahead = |seconds: u64| {
        let time = SystemClock.now() + Duration::from_secs(seconds);
        time.duration_since(UNIX_EPOCH)
            .unwrap()
            .as_millis()
            .to_string()
    };
    for (own, expected) in [
        // As it comes from the tokenizer.
        (
            None,
            "ok    clock          the tokenizer's clock agrees with ours",
        ),
        (
            Some(ahead(600)),
            "FAIL  clock          the tokenizer's clock is ",
        ),
        // An older tokenizer: hyper's Date is all there is.
        (
            Some(String::new()),
            "warn  clock          the time in `Date` agrees with ours, but a proxy",
        ),
    ] {
        let shared = Arc::clone(&upstream);
        let url = front(move |request| {
            let (upstream, own) = (Arc::clone(&shared), own.clone());
            async move {
                let mut response = pass(&upstream, request).await;
                match own.as_deref() {
                    None => {}
                    Some("") => drop(response.headers_mut().remove("lunadefend-time")),
                    Some(time) => {
                        let time = time.parse().unwrap();
                        response.headers_mut().insert("lunadefend-time", time);
                    }
                }
                response
            }
        });
        let url = url.await;
        let printed = doctor(&url, &[("PUBLIC_TOKENIZER_URL", &upstream)]).await;
        let found = line(&printed, "clock");
        assert!(found.starts_with(expected), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_is_taken_away_and_a_page_for_the_jwt_are_named() {
    let (_folder, server) = right(&[]).await;
    let upstream = Arc::new(server.public_url());
    let shared = Arc::clone(&upstream);
    let dropping = front(move |mut request| {
        let upstream = Arc::clone(&shared);
        async move {
            request.headers_mut().remove(header::AUTHORIZATION);
            pass(&upstream, request).await
        }
    });
    let shared = Arc::clone(&upstream);
    let firewall = front(move |request| {
        let upstream = Arc::clone(&shared);
        async move {
            match request.uri().path() {
                "/grant/verify" => page(403, &[("content-type", "text/html")]),
                _ => pass(&upstream, request).await,
            }
        }
    });
    for (url, words) in [
        (
            dropping.await,
            "or something in between takes the header Authorization away",
        ),
        (firewall.await, "is not the tokenizer: something in between"),
    ] {
        let printed = doctor(&url, &[("PUBLIC_TOKENIZER_URL", &upstream)]).await;
        let found = line(&printed, "trust");
        assert!(
            found.starts_with("FAIL") && found.contains(words),
            "{words}: {printed}"
        );
    }
}

/// `http://127.0.0.1:P` and `http://localhost:P` are two names of one tokenizer.
#[tokio::test(flavor = "multi_thread")]
async fn a_tokenizer_that_calls_itself_otherwise_is_named_as_that() {
    let (_folder, server) = right(&[]).await;
    let other = server.public_url().replace("localhost", "127.0.0.1");
    let printed = doctor(&other, &[]).await;
    let found = line(&printed, "trust");
    assert!(
        found.starts_with("FAIL") && found.contains("calls itself by another URL"),
        "{printed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_key_set_in_a_cache_is_told_by_its_age() {
    let key = lunadefend_crypto::GeneratedKey::generate(lunadefend_crypto::RsaBits::Rsa2048);
    let old = secrecy::ExposeSecret::expose_secret(&key.unwrap().pem).to_owned();
    let luna = LunaDefend::builder("http://localhost:1")
        .signing_key(InlineSecret::new(SecretValue::new(old), "test"));
    let luna = Luna::new(luna.build().await.unwrap(), |_| async { Ok(None) });
    let application = Router::<()>::new().merge(luna.routes());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, application).await });

    for (age, words) in [
        (
            Some("240"),
            "a cache in front of it still has an old key set (240 s old by its Age)",
        ),
        (Some("0"), "runs with another configuration"),
        (None, "runs with another configuration"),
    ] {
        let upstream = upstream.clone();
        let cache = front(move |request| {
            let upstream = upstream.clone();
            async move {
                let mut response = pass(&upstream, request).await;
                if let Some(age) = age {
                    response
                        .headers_mut()
                        .insert(header::AGE, age.parse().unwrap());
                }
                response
            }
        });
        let (_folder, server) = right(&[("AUTH_PROVIDERS", &cache.await)]).await;
        let printed = doctor(&server.public_url(), &[]).await;
        let found = line(&printed, "application");
        assert!(
            found.starts_with("FAIL") && found.contains(words),
            "{printed}"
        );
        assert_eq!(found.contains("cache"), age == Some("240"), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_and_egress_proxies_of_the_environment_are_named() {
    let (folder, server) = right(&[]).await;
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let environment = [
        ("SSL_CERT_FILE", empty.to_str().unwrap()),
        ("HTTPS_PROXY", "http://u:canary@proxy.invalid:3128"),
    ];
    let printed = doctor(&server.public_url(), &environment).await;
    let certificates = line(&printed, "certificates");
    assert!(
        certificates.starts_with("warn")
            && certificates.contains("SSL_CERT_FILE names an empty file"),
        "{printed}"
    );
    let proxy = line(&printed, "egress proxy");
    assert!(
        proxy.starts_with("ok") && proxy.contains("HTTPS_PROXY is set and not used, on purpose"),
        "{printed}"
    );

    // An https tokenizer ends at the configuration, which says the same.
    let printed = doctor("https://localhost:1", &environment[..1]).await;
    let configuration = line(&printed, "configuration");
    assert!(
        configuration.starts_with("FAIL") && configuration.contains("SSL_CERT_FILE"),
        "{printed}"
    );

    // Held, so that no other process gets it, and nothing listens there.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let printed = doctor(&url, &environment[1..]).await;
    let found = line(&printed, "tokenizer");
    assert!(
        found.contains("(HTTPS_PROXY is set and not used"),
        "{printed}"
    );
}

/// What a proxy does to the browser half: browsers would refuse the frame or the element module.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_the_frame_and_the_element_module_are_noticed() {
    type Act = fn(&mut Response<Body>);
    let pages = [("APPLICATION_FRONT_END", "http://localhost:3000")];
    let (_folder, server) = right(&pages).await;
    let upstream = Arc::new(server.public_url());
    let cases: [(&str, &str, &str, Act); 6] = [
        ("/frame", "frame", "ok    frame", |_| {}),
        ("/elements", "elements", "ok    elements", |_| {}),
        (
            "/frame",
            "frame",
            "answers 200 without the tokenizer's Content-Security-Policy",
            |answer| drop(answer.headers_mut().remove("content-security-policy")),
        ),
        (
            "/frame",
            "frame",
            "answers 200 without the tokenizer's Content-Security-Policy",
            |answer| {
                let policy = "frame-ancestors 'none'".parse().unwrap();
                answer
                    .headers_mut()
                    .insert("content-security-policy", policy);
            },
        ),
        (
            "/elements",
            "elements",
            "is not what its name says",
            |answer| {
                answer.headers_mut().remove("content-length");
                *answer.body_mut() = Body::from("canary");
            },
        ),
        (
            "/elements",
            "elements",
            "they are different versions; update the tokenizer before the application",
            |answer| *answer.status_mut() = StatusCode::NOT_FOUND,
        ),
    ];
    for (path, subject, words, act) in cases {
        let upstream = Arc::clone(&upstream);
        let url = front(move |request| {
            let upstream = Arc::clone(&upstream);
            async move {
                let is_changed = request.uri().path().starts_with(path);
                let mut answer = pass(&upstream, request).await;
                if is_changed {
                    act(&mut answer);
                }
                answer
            }
        })
        .await;
        let printed = doctor(&url, &[]).await;
        let found = line(&printed, subject);
        assert!(found.contains(words), "{words}: {printed}");
        assert_eq!(found.starts_with("warn"), words.contains("versions"));
    }
}
