//! The audit log: which requests have a line, and what happens without one.

#[cfg(unix)]
use crate::admin::Admin;
use crate::{
    harness::{ANY_PAGE, APP_ORIGIN, Harness, ORIGIN, OTHER_SESSION, SESSION, TOKEN, path_of},
    jwt,
    metrics::Scraper,
};
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request};
use lunadefend_audit::{
    Act, Audit, AuditKey, Beginning, Destination, Entry, Head, Options, Record, Tail, Verifier, Who,
};
use lunadefend_core::provider::{SecretValue, TokenId};
use lunadefend_crypto::{base64, base64url};
use lunadefend_testing::TestClock;
use serde_json::json;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::time::timeout;
use tower::Service;

const VALUE: &str = "078-05-1120";

/// A disk that can be full.
#[derive(Clone, Default)]
struct Disk {
    state: Arc<Mutex<State>>,
    heads: Arc<Mutex<Vec<Head>>>,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Destination for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn key() -> AuditKey {
    AuditKey::from_secret(&SecretValue::new("5f0c".repeat(16)), "TEST_KEY").unwrap()
}

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn audit(&self, required: bool) -> Audit {
        let heads = Arc::clone(&self.heads);
        let options = Options {
            required,
            clock: Arc::new(TestClock::new()),
            heads: Box::new(move |head| heads.lock().unwrap().push(head.clone())),
        };
        Audit::start(key(), self.clone(), Tail::default(), options).unwrap()
    }

    /// All acts, verified.
    fn records(&self) -> Vec<Record> {
        let (key, bytes) = (key(), self.state().bytes.clone());
        let mut records = Vec::new();
        let mut verifier = Verifier::new(&key, Beginning::Whole);
        verifier
            .file(&*bytes, |_, line| {
                if let Entry::Act(record) = &line.entry {
                    records.push(record.clone());
                }
            })
            .unwrap();
        verifier.finish().unwrap();
        records
    }

    /// Returns the new lines as act, caller, status and number of items, and remembers them.
    fn lines(&self, seen: &mut usize) -> Vec<(Act, Who, Option<u16>, usize)> {
        let records = self.records();
        let new = records[*seen..].iter();
        let new = new.map(|new| (new.act, new.by, new.status, new.items.len()));
        let new = new.collect();
        *seen = records.len();
        new
    }
}

fn deletion(token: &str) -> String {
    format!(r#"{{"tokenIds":["{token}"]}}"#)
}

fn about(token: &str) -> String {
    format!(r#"{{"tokenId":"{token}"}}"#)
}

fn reading(tokens: &[&str]) -> String {
    json!({ "tokenIds": tokens, "readId": base64url(&[1; 16]) }).to_string()
}

fn batch(items: &[(&str, &str)]) -> String {
    let items = items
        .iter()
        .map(|(session, token)| json!({ "sessionId": session, "tokenId": token }));
    let items: Vec<_> = items.collect();
    json!({ "batchId": base64url(&[2; 16]), "items": items }).to_string()
}

#[tokio::test]
async fn each_act_of_a_known_caller_is_one_line() {
    let disk = Disk::default();
    let harness = Harness::audited(disk.audit(true)).await;
    let mut seen = 0;
    let (user, application) = (harness.user(SESSION), harness.application());

    let (token, upload) = harness.tokenize(SESSION).await;
    let expected = [(Act::Tokenize, Who::User, Some(200), 1)];
    assert_eq!(disk.lines(&mut seen), expected);
    let put = harness.send(Method::PUT, &upload, &[], VALUE).await;
    assert_eq!(put.status, 200);
    let expected = [(Act::Upload, Who::Url, Some(200), 1)];
    assert_eq!(disk.lines(&mut seen), expected);
    let url = harness.detokenize(SESSION, &token).await;
    let expected = [(Act::Detokenize, Who::User, Some(200), 1)];
    assert_eq!(disk.lines(&mut seen), expected);
    assert_eq!(harness.get(&url, &[]).await.text(), VALUE);
    harness.send(Method::HEAD, &url, &[], "").await;
    let expected = [
        (Act::Download, Who::Url, Some(200), 1),
        (Act::Describe, Who::Url, Some(200), 1),
    ];
    assert_eq!(disk.lines(&mut seen), expected);

    let body = json!({ "value": base64(VALUE.as_bytes()) }).to_string();
    let new = harness.post_as(&user, "/v2/tokenize", &body).await;
    let small = new.json()["data"]["tokenId"].as_str().unwrap().to_owned();
    let body = reading(&[&small, TOKEN]);
    harness.post_as(&user, "/v2/detokenize", &body).await;
    let body = reading(&[&small]).replace("\"readId\"", "\"ignored\"");
    harness.post_as(&user, "/v2/tokens/describe", &body).await;
    let expected = [
        (Act::Tokenize, Who::User, Some(200), 1),
        (Act::Detokenize, Who::User, Some(200), 2),
        (Act::Describe, Who::User, Some(200), 1),
    ];
    assert_eq!(disk.lines(&mut seen), expected);
    // Each thing says whether it was refused.
    let records = disk.records();
    let read = &records[records.len() - 2].items;
    assert_eq!((read[0].refused, read[1].refused), (false, true));

    harness
        .post_as(&user, "/metadata/get", &about(&token))
        .await;
    let body = format!(r#"{{"tokenId":"{token}","metadata":{{"dataType":"string"}}}}"#);
    let developer = jwt::developer(harness.now());
    harness.post_as(&developer, "/metadata/set", &body).await;
    let expected = [
        (Act::Describe, Who::User, Some(200), 1),
        (Act::SetMetadata, Who::Developer, Some(200), 1),
    ];
    assert_eq!(disk.lines(&mut seen), expected);

    harness.grant(OTHER_SESSION, &token, None).await;
    let body = batch(&[(SESSION, &token), (SESSION, "none")]);
    let set = harness.post_as(&application, "/v2/grants/set", &body).await;
    assert_eq!(set.status, 200, "{}", set.text());
    for (path, body) in [
        ("/v2/grants/revoke", about(&token)),
        ("/v2/tokens/delete", deletion(&token)),
    ] {
        let jwt = jwt::destroy(harness.now(), path, &body, path);
        assert_eq!(harness.post_as(&jwt, path, &body).await.status, 200);
    }
    assert_eq!(harness.revoke(SESSION).await.status, 200);
    let expected = [
        (Act::Grant, Who::Application, Some(200), 1),
        (Act::Grant, Who::Application, Some(200), 2),
        (Act::Revoke, Who::Application, Some(200), 1),
        (Act::Delete, Who::Application, Some(200), 1),
        (Act::EndSession, Who::Application, Some(200), 1),
    ];
    assert_eq!(disk.lines(&mut seen), expected);
    let records = disk.records();
    let granted = &records[records.len() - 4].items;
    assert_eq!((granted[0].refused, granted[1].refused), (false, true));
}

#[cfg(unix)]
#[tokio::test]
async fn each_act_of_the_operator_is_one_line() {
    let disk = Disk::default();
    let harness = Harness::audited(disk.audit(true)).await;
    let token = harness.store_value(SESSION, VALUE).await;
    let admin = Admin::of(&harness).await;
    let mut seen = disk.records().len();
    let body = deletion(&token);
    assert_eq!(admin.post("/tokens/describe", body.clone()).await.0, 200);
    assert_eq!(admin.post("/tokens/delete", body).await.0, 200);
    let body = format!(r#"{{"sessionId":"{SESSION}"}}"#);
    assert_eq!(admin.post("/sessions/revoke", body).await.0, 200);
    admin.status().await;
    assert_eq!(admin.post("/keys/add", "{}").await.0, 200);
    assert_eq!(admin.post("/keys/retire", r#"{"version":1}"#).await.0, 409);
    assert_eq!(admin.post("/keys/master", "{}").await.0, 409);
    assert_eq!(admin.get("/backup").await.status, 200);
    harness.tokenizer.drop_keys();
    // It comes after what was told before.
    harness.grant(OTHER_SESSION, TOKEN, None).await;
    let expected = [
        (Act::Describe, Who::Operator, Some(200), 1),
        (Act::Delete, Who::Operator, Some(200), 1),
        (Act::EndSession, Who::Operator, Some(200), 1),
        (Act::AddKey, Who::Operator, Some(200), 0),
        (Act::RetireKey, Who::Operator, Some(409), 0),
        (Act::RotateMaster, Who::Operator, Some(409), 0),
        (Act::Backup, Who::Operator, Some(200), 0),
        (Act::DropKeys, Who::Operator, None, 0),
        (Act::Grant, Who::Application, Some(200), 1),
    ];
    assert_eq!(disk.lines(&mut seen), expected);
}

#[tokio::test]
async fn a_refusal_of_a_known_caller_is_a_line_and_of_a_stranger_none() {
    let disk = Disk::default();
    let harness = Harness::audited(disk.audit(true)).await;
    let mut seen = 0;
    let user = harness.user(SESSION);
    let application = harness.application();
    let developer = jwt::developer(harness.now());
    for (jwt, path, body, status) in [
        (&user, "/detokenize", about(TOKEN), 400),
        (&user, "/detokenize", "{".to_owned(), 400),
        (
            &user,
            "/metadata/set",
            format!(r#"{{"tokenId":"{TOKEN}","metadata":{{"dataType":"string"}}}}"#),
            403,
        ),
        (&application, "/v2/tokens/describe", deletion(TOKEN), 403),
        (&developer, "/detokenize", about(TOKEN), 400),
        (&application, "/grant/set", about(TOKEN), 400),
    ] {
        assert_eq!(
            harness.post_as(jwt, path, &body).await.status,
            status,
            "{path}"
        );
    }
    let expected = [
        (Act::Detokenize, Who::User, Some(400), 1),
        (Act::Detokenize, Who::User, Some(400), 0),
        (Act::SetMetadata, Who::User, Some(403), 1),
        (Act::Describe, Who::Application, Some(403), 1),
        (Act::Detokenize, Who::Developer, Some(400), 1),
        (Act::Grant, Who::Application, Some(400), 0),
    ];
    assert_eq!(disk.lines(&mut seen), expected);

    let other = jwt::sign(
        &jwt::OTHER_KEY,
        jwt::V1_HEADER,
        &jwt::claims(harness.now(), "user", Some(SESSION)),
    );
    for jwt in ["", "x", &other] {
        for path in [
            "/detokenize",
            "/v2/detokenize",
            "/grant/set",
            "/v2/tokens/delete",
        ] {
            assert_eq!(harness.post_as(jwt, path, &about(TOKEN)).await.status, 401);
        }
    }
    harness.post("/detokenize", &[], &about(TOKEN)).await;
    harness.get("/blob/none", &[]).await;
    harness.send(Method::PUT, "/blob/none", &[], VALUE).await;
    for path in ["/health", "/elements/x", "/session/ensure", "/none"] {
        harness.get(path, &[]).await;
    }
    assert_eq!(disk.lines(&mut seen), []);
}

#[tokio::test]
async fn the_frame_is_told_from_the_application() {
    let disk = Disk::default();
    let harness = Harness::audited(disk.audit(true)).await;
    let cookie = harness.log_in(SESSION, "a").await;
    let headers = [("cookie", cookie.as_str()), ("origin", ORIGIN), ANY_PAGE];
    let reply = harness.post("/tokenize", &headers, "{}").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let session = lunadefend_testing::session(SESSION);
    let records = disk.records();
    assert_eq!(records[0].by, Who::Frame);
    assert_eq!(records[0].session, Some(key().names().session(&session)));
    // The page with the same cookie is a stranger.
    let headers = [
        ("cookie", cookie.as_str()),
        ("origin", APP_ORIGIN),
        ANY_PAGE,
    ];
    assert_ne!(harness.post("/tokenize", &headers, "{}").await.status, 200);
    assert_eq!(disk.records().len(), 1);
}

/// With the log unwritable no value goes out, and nothing is changed.
#[tokio::test]
async fn no_line_no_value() {
    let disk = Disk::default();
    let audit = disk.audit(true);
    let harness = Harness::audited(audit.clone()).await;
    let (user, application) = (harness.user(SESSION), harness.application());
    let token = harness.store_value(SESSION, VALUE).await;
    let url = harness.detokenize(SESSION, &token).await;
    let (_, upload) = harness.tokenize(SESSION).await;
    assert_eq!(audit.counters().unrecorded, 0);

    disk.state().is_full = true;
    let mut refused = 0;
    let mut refuse = |reply: crate::harness::Reply| {
        assert_eq!(
            reply.message(),
            "the tokenizer's audit log cannot be written"
        );
        assert_eq!(reply.status, 503);
        assert!(!reply.text().contains(VALUE));
        assert!(!reply.text().contains(&base64(VALUE.as_bytes())));
        refused += 1;
    };
    for _ in 0..5 {
        refuse(harness.get(&url, &[]).await);
        for (jwt, path, body) in [
            (&user, "/v2/detokenize", reading(&[&token])),
            (&user, "/detokenize", about(&token)),
            (&user, "/metadata/get", about(&token)),
            (&user, "/tokenize", "{}".to_owned()),
            (
                &application,
                "/v2/grants/set",
                batch(&[(OTHER_SESSION, &token)]),
            ),
        ] {
            refuse(harness.post_as(jwt, path, &body).await);
        }
        refuse(harness.grant(OTHER_SESSION, &token, None).await);
        refuse(harness.send(Method::PUT, &upload, &[], VALUE).await);
        let (path, body) = ("/v2/tokens/delete", deletion(&token));
        let jwt = jwt::destroy(harness.now(), path, &body, "a");
        refuse(harness.post_as(&jwt, path, &body).await);
        refuse(harness.revoke(SESSION).await);
    }
    // The alert: each of them counts.
    assert_eq!(refused, 50);
    let scraper = Scraper::of(&harness).await;
    let missing = scraper.value("lunadefend_audit_missing_lines_total");
    assert_eq!(missing.await, 50.0);
    assert!(scraper.value("lunadefend_audit_lines_total").await > 2.0);
    assert_eq!(scraper.value("lunadefend_audit_failing").await, 1.0);
    // What is no act goes on.
    assert!(harness.is_granted(SESSION, &token).await);
    assert!(!harness.is_granted(OTHER_SESSION, &token).await);
    assert_eq!(harness.get("/health", &[]).await.status, 200);

    disk.state().is_full = false;
    assert_eq!(harness.get(&url, &[]).await.text(), VALUE);
    let put = harness.send(Method::PUT, &upload, &[], VALUE).await;
    assert_eq!(put.status, 200);
    assert!(!audit.counters().is_failing);
    disk.records();
}

#[tokio::test]
async fn where_no_line_is_required_values_go_out_and_are_counted() {
    let disk = Disk::default();
    let audit = disk.audit(false);
    let harness = Harness::audited(audit.clone()).await;
    let token = harness.store_value(SESSION, VALUE).await;
    disk.state().is_full = true;
    let url = harness.detokenize(SESSION, &token).await;
    assert_eq!(harness.get(&url, &[]).await.text(), VALUE);
    assert_eq!(audit.counters().unrecorded, 2);
}

#[tokio::test]
async fn a_download_is_traced_to_its_token_by_the_name_of_its_url() {
    let disk = Disk::default();
    let harness = Harness::audited(disk.audit(true)).await;
    let token = harness.store_value(SESSION, vec![7; 20_000]).await;
    let url = harness.detokenize(SESSION, &token).await;
    harness.get(&url, &[]).await;
    let body = reading(&[&token]);
    let user = harness.user(SESSION);
    let reply = harness.post_as(&user, "/v2/detokenize", &body).await;
    let json = reply.json();
    let url = &json["data"]["items"][0]["download"]["url"];
    harness.get(&path_of(url.as_str().unwrap()), &[]).await;
    let records = disk.records();
    let items: Vec<_> = records.iter().map(|record| record.items[0]).collect();
    let [tokenized, uploaded, one, downloaded, other, again] = items[..] else {
        panic!("{records:?}");
    };
    let name = key().names().token(&TokenId::parse(&token).unwrap());
    for named in [tokenized, one, other] {
        assert_eq!(named.token, Some(name));
    }
    assert_eq!(tokenized.url, uploaded.url);
    assert_eq!(one.url, downloaded.url);
    assert_eq!(other.url, again.url);
    assert!(one.url.is_some() && other.url.is_some() && one.url != other.url);
}

#[tokio::test]
async fn the_log_reveals_no_token_session_url_or_value() {
    let disk = Disk::default();
    let harness = Harness::audited(disk.audit(true)).await;
    let token = harness.store_value(SESSION, VALUE).await;
    let url = harness.detokenize(SESSION, &token).await;
    harness.get(&url, &[]).await;
    harness.grant(OTHER_SESSION, &token, None).await;
    let text = String::from_utf8(disk.state().bytes.clone()).unwrap();
    let signed = url.rsplit('/').next().unwrap();
    let uuid = token.strip_prefix("lunasec-").unwrap();
    for canary in [uuid, SESSION, OTHER_SESSION, signed, VALUE, "5f0c5f0c"] {
        assert!(!text.contains(canary));
    }
    // Its requests are those of the tokenizer's own log.
    let headers = [
        ("authorization", &*harness.user(SESSION)),
        ("x-request-id", "r-1"),
    ];
    harness.post("/detokenize", &headers, &about(&token)).await;
    let records = disk.records();
    let last = records.last().unwrap();
    assert_eq!(last.request.as_deref(), Some("r-1"));
}

/// Whoever goes away before the answer leaves a line behind all the same.
#[tokio::test]
async fn a_caller_who_goes_away_has_a_line() {
    let disk = Disk::default();
    let harness = Harness::audited(disk.audit(true)).await;
    let mut seen = 0;
    let (_, upload) = harness.tokenize(SESSION).await;
    disk.lines(&mut seen);
    let endless = stream::pending::<io::Result<Bytes>>();
    let request = Request::put(&upload).body(Body::from_stream(endless));
    let call = harness.tokenizer.clone().call(request.unwrap());
    // It is polled once, and dropped while it waits for the body.
    assert!(timeout(Duration::ZERO, call).await.is_err());
    harness.grant(OTHER_SESSION, TOKEN, None).await;
    let expected = [
        (Act::Upload, Who::Url, None, 1),
        (Act::Grant, Who::Application, Some(200), 1),
    ];
    assert_eq!(disk.lines(&mut seen), expected);
}
