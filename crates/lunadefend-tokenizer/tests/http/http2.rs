//! HTTP/2 inside TLS: all that a browser does, and what neighbours do meanwhile.

use crate::{
    harness::{
        ANY_PAGE, Harness, ORIGIN, OTHER_SESSION, Reply, SESSION, SESSION_COOKIE, Transfer, path_of,
    },
    jwt,
    tls::{BOTH, Made, Server, certificate, client, handshake, made},
};
use bytes::Bytes;
use h2::{RecvStream, SendStream, client::SendRequest};
use http::{Method, Request, Response};
use lunadefend_testing::http::PATIENCE;
use rustls::{ClientConfig, client::Resumption};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::{JoinHandle, JoinSet},
    time::timeout,
};
use tokio_rustls::client::TlsStream;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn http2(trusted: &[&Made]) -> Arc<ClientConfig> {
    let mut config = client(trusted, BOTH);
    config.alpn_protocols = vec![b"h2".to_vec()];
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// A connection on which many ask at once.
#[derive(Clone)]
struct Client(SendRequest<Bytes>);

/// A response whose body is still to come.
type Answer = Response<RecvStream>;

impl Client {
    async fn connect(address: SocketAddr, made: &Made) -> Self {
        let stream = handshake(address, &http2(&[made])).await.unwrap();
        Self::on(stream).await.0
    }

    async fn on(stream: TlsStream<TcpStream>) -> (Self, JoinHandle<Result<(), h2::Error>>) {
        let (send, connection) = h2::client::handshake(stream).await.unwrap();
        (Self(send), tokio::spawn(connection))
    }

    /// Sends a head; gives back what sends the body, and what waits for the response.
    async fn begin(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        is_all: bool,
    ) -> (SendStream<Bytes>, impl Future<Output = Answer>) {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut send = self.0.clone().ready().await.unwrap();
        let request = request.body(()).unwrap();
        let (response, sending) = send.send_request(request, is_all).unwrap();
        let response = async {
            let response = timeout(PATIENCE, response).await;
            response.expect("no answer").unwrap()
        };
        (sending, response)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let body = body.into();
        let (mut sending, response) = self.begin(method, path, headers, body.is_empty()).await;
        if !body.is_empty() {
            // It waits for windows by itself; a refusal may come before.
            let _ = sending.send_data(body, true);
        }
        reply(response.await).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, path, headers, "").await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let headers = [headers, &[("content-type", "application/json")]].concat();
        self.send(Method::POST, path, &headers, body.to_owned())
            .await
    }

    async fn live(&self) {
        assert_eq!(self.get("/live", &[]).await.status, 200);
    }
}

async fn reply(response: Answer) -> Reply {
    let (parts, mut body) = response.into_parts();
    let reading = async {
        let mut all = Vec::new();
        while let Some(data) = body.data().await {
            let data = data.unwrap();
            body.flow_control().release_capacity(data.len()).unwrap();
            all.extend_from_slice(&data);
        }
        all
    };
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: timeout(PATIENCE, reading).await.expect("no body").into(),
    }
}

/// A new token of the session and the path of its upload URL, as the application gets it.
async fn tokenize(client: &Client, harness: &Harness) -> (String, String) {
    let jwt = harness.user(SESSION);
    let headers = [("authorization", jwt.as_str())];
    let made = client.post("/tokenize", &headers, "{}").await;
    assert_eq!(made.status, 200, "{}", made.text());
    let data = &made.json()["data"];
    (
        data["tokenId"].as_str().unwrap().to_owned(),
        path_of(data["uploadUrl"].as_str().unwrap()),
    )
}

#[tokio::test]
async fn a_browser_has_a_session_and_its_values() {
    let made = made();
    let server = Server::start(&made).await;
    let client = Client::connect(server.address, &made).await;
    let harness = &server.harness;

    let transfer = Transfer::of(&client.get("/session/ensure", &[]).await);
    let jwt = jwt::transfer(harness.now(), SESSION, &transfer.state, "jti-1");
    let create = format!(
        "/session/create?state={}&openid_token={jwt}",
        transfer.state
    );
    let created = client
        .get(&create, &[("cookie", transfer.cookie.as_str())])
        .await;
    assert_eq!(created.status, 200, "{}", created.text());
    let cookie = created.cookie(&format!("{SESSION_COOKIE}="));

    // RFC 9113, section 8.2.3: browsers send cookies one by one.
    let split = [
        ("cookie", "theme=dark"),
        ("cookie", cookie.as_str()),
        ("cookie", "other=1"),
        ANY_PAGE,
    ];
    let verify = client.get("/session/verify", &split).await;
    assert_eq!(verify.json()["success"], true, "{}", verify.text());
    let twice = [split[1], split[1], ANY_PAGE];
    let verify = client.get("/session/verify", &twice).await;
    assert_eq!(verify.status, 400, "{}", verify.text());

    let by_cookie = [&split[..], &[("origin", ORIGIN)]].concat();
    let tokenized = client.post("/tokenize", &by_cookie, "{}").await;
    assert_eq!(tokenized.status, 200, "{}", tokenized.text());
    let data = &tokenized.json()["data"];
    let upload = path_of(data["uploadUrl"].as_str().unwrap());
    // More than all windows together.
    let value: Bytes = (0..3_000_000_u32)
        .map(|number| number.to_le_bytes()[1])
        .collect();
    let put = client.send(Method::PUT, &upload, &[], value.clone()).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let body = format!(r#"{{"tokenId":{}}}"#, data["tokenId"]);
    let detokenized = client.post("/detokenize", &by_cookie, &body).await;
    assert_eq!(detokenized.status, 200, "{}", detokenized.text());
    let url = detokenized.json()["data"]["downloadUrl"].clone();
    let got = client.get(&path_of(url.as_str().unwrap()), &[]).await;
    assert_eq!((got.status, got.body == value), (200, true));
    assert_eq!(got.header("content-length"), "3000000");
    assert!(!got.header("date").is_empty());

    // Whoever has no session gets nothing here either.
    let jwt = harness.user(OTHER_SESSION);
    let headers = [("authorization", jwt.as_str())];
    let refused = client.post("/detokenize", &headers, &body).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(refused.message().contains("valid token grant"));
}

#[tokio::test]
async fn heads_and_refusals_are_those_of_http_1_1() {
    let made = made();
    let server = Server::limited(&made, |limits| {
        limits.body_read = Duration::from_millis(200);
    })
    .await;
    let client = Client::connect(server.address, &made).await;
    let (get, head) = (
        client.get("/live", &[]).await,
        client.send(Method::HEAD, "/live", &[], "").await,
    );
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    assert_eq!(get.header("connection"), "");

    let jwt = server.harness.application();
    let large = vec![b' '; 8 * 1024 * 1024];
    for (authorization, content_type, status) in [
        ("garbage", "application/json", 401),
        (jwt.as_str(), "text/plain", 415),
        (jwt.as_str(), "application/json", 413),
    ] {
        let headers = [
            ("authorization", authorization),
            ("content-type", content_type),
        ];
        let reply = client
            .send(Method::POST, "/grant/set", &headers, large.clone())
            .await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
    let headers = [
        ("authorization", jwt.as_str()),
        ("content-type", "application/json"),
    ];
    let (mut sending, response) = client
        .begin(Method::POST, "/grant/set", &headers, false)
        .await;
    sending.send_data("{".into(), false).unwrap();
    assert_eq!(reply(response.await).await.status, 408);
    let twice = [headers[0], headers[0], headers[1]];
    let reply = client.post("/grant/set", &twice, "{}").await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    client.live().await;

    // What only a proxy is asked.
    let tunnel = Request::connect("example.com:443").body(()).unwrap();
    let mut send = client.0.clone().ready().await.unwrap();
    let (response, _sending) = send.send_request(tunnel, false).unwrap();
    let response = timeout(PATIENCE, response)
        .await
        .expect("no answer")
        .unwrap();
    assert!(response.status().is_client_error());
    client.live().await;
}

/// Whoever took it back may begin again on the same connection, as soon as the server has heard of it.
#[tokio::test]
async fn an_upload_that_is_taken_back_stores_nothing() {
    let made = made();
    let server = Server::start(&made).await;
    let client = Client::connect(server.address, &made).await;
    let (token, upload) = tokenize(&client, &server.harness).await;
    let (mut sending, _response) = client.begin(Method::PUT, &upload, &[], false).await;
    sending.send_data(vec![7; 200_000].into(), false).unwrap();
    client.live().await;
    sending.send_reset(h2::Reason::CANCEL);
    let again = async {
        loop {
            let put = client.send(Method::PUT, &upload, &[], "whole").await;
            if put.status == 200 {
                break;
            }
            assert_eq!(
                put.status,
                409,
                "the first one has not ended: {}",
                put.text()
            );
        }
    };
    timeout(PATIENCE, again).await.expect("it never ends");
    let url = server.harness.detokenize(SESSION, &token).await;
    assert_eq!(client.get(&url, &[]).await.text(), "whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_ask_at_once_on_one_connection() {
    let made = made();
    let server = Server::start(&made).await;
    let client = Client::connect(server.address, &made).await;
    let mut asking = JoinSet::new();
    // More than are served at once: a client keeps the rest back.
    for number in 0..300_u32 {
        let (client, jwt) = (client.clone(), server.harness.user(SESSION));
        asking.spawn(async move {
            if number % 3 > 0 {
                return client.live().await;
            }
            let headers = [("authorization", jwt.as_str())];
            let reply = client.post("/tokenize", &headers, "{}").await;
            assert_eq!(reply.status, 200, "{}", reply.text());
        });
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
}

/// One that pings, one that changes settings, one that takes its requests back, and one with a head that does not end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_floods_harms_nobody_else() {
    let made = made();
    let server = Server::start(&made).await;
    let client = Client::connect(server.address, &made).await;
    client.live().await;
    let mut floods = JoinSet::new();
    let taken_back = |stream: u32| {
        let id = stream.to_be_bytes();
        let head = b"\x82\x87\x01\x01x\x04\x02/x";
        [
            &b"\0\0\x09\x01\x05"[..],
            &id,
            head,
            b"\0\0\x04\x03\0",
            &id,
            b"\0\0\0\x08",
        ]
        .concat()
    };
    let endless = b"\0\0\0\x09\0\0\0\0\x01".repeat(100);
    for (frames, is_cut_off) in [
        (b"\0\0\x08\x06\0\0\0\0\0pingping".to_vec(), false),
        (b"\0\0\0\x04\0\0\0\0\0".to_vec(), false),
        (
            (0..1000)
                .flat_map(|number| taken_back(2 * number + 1))
                .collect(),
            true,
        ),
        (
            [&b"\0\0\x02\x01\x01\0\0\0\x01\x82\x87"[..], &endless].concat(),
            true,
        ),
    ] {
        let mut stream = handshake(server.address, &http2(&[&made])).await.unwrap();
        stream.write_all(PREFACE).await.unwrap();
        let flood = async move {
            // Until it is cut off, or for ever.
            while stream.write_all(&frames).await.is_ok() {}
        };
        if is_cut_off {
            timeout(PATIENCE, flood).await.expect("it goes on");
        } else {
            floods.spawn(flood);
        }
    }
    for _ in 0..50 {
        client.live().await;
        let other = Client::connect(server.address, &made).await;
        other.live().await;
    }
    floods.shutdown().await;
}

#[tokio::test]
async fn a_stop_lets_a_running_upload_end() {
    let made = made();
    let server = Server::start(&made).await;
    let client = Client::connect(server.address, &made).await;
    let (token, upload) = tokenize(&client, &server.harness).await;
    let (mut sending, response) = client.begin(Method::PUT, &upload, &[], false).await;
    sending.send_data("half".into(), false).unwrap();
    // It has come when another one after it is answered.
    client.live().await;
    server.stop.send(()).unwrap();
    sending.send_data(" and half".into(), true).unwrap();
    assert_eq!(reply(response.await).await.status, 200);
    timeout(PATIENCE, server.served)
        .await
        .expect("it still drains")
        .unwrap()
        .unwrap();
    let url = server.harness.detokenize(SESSION, &token).await;
    let got = server.harness.get(&url, &[]).await;
    assert_eq!(got.text(), "half and half");
}

#[tokio::test]
async fn the_end_has_an_end_for_http2_too() {
    let made = made();
    let server = Server::limited(&made, |limits| limits.drain = Duration::from_millis(200)).await;
    let client = Client::connect(server.address, &made).await;
    let (_, upload) = tokenize(&client, &server.harness).await;
    let (mut sending, _response) = client.begin(Method::PUT, &upload, &[], false).await;
    sending.send_data("half".into(), false).unwrap();
    client.live().await;
    server.stop.send(()).unwrap();
    timeout(PATIENCE, server.served)
        .await
        .expect("it still drains")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_exchange_of_the_certificate_leaves_connections_as_they_are() {
    let (first, second) = (made(), made());
    let server = Server::start(&first).await;
    let client = Client::connect(server.address, &first).await;
    let (_, upload) = tokenize(&client, &server.harness).await;
    let (mut sending, response) = client.begin(Method::PUT, &upload, &[], false).await;
    sending.send_data("half".into(), false).unwrap();
    server.exchange(&second);
    client.live().await;
    sending.send_data("half".into(), true).unwrap();
    assert_eq!(reply(response.await).await.status, 200);
    let config = http2(&[&first, &second]);
    let stream = handshake(server.address, &config).await.unwrap();
    assert_eq!(certificate(&stream), second.certificate);
    Client::on(stream).await.0.live().await;
}

/// Idle ones of HTTP/2 keep nobody out, and hear of their end; whoever is served stays.
#[tokio::test]
async fn idle_connections_make_room_and_busy_ones_stay() {
    let made = made();
    let server = Server::limited(&made, |limits| {
        limits.max_connections = 2;
        limits.header_read = Duration::from_secs(3600);
    })
    .await;
    let busy = Client::connect(server.address, &made).await;
    let (_, upload) = tokenize(&busy, &server.harness).await;
    let (mut sending, response) = busy.begin(Method::PUT, &upload, &[], false).await;
    sending.send_data("half".into(), false).unwrap();
    busy.live().await;

    let mut silent = handshake(server.address, &http2(&[&made])).await.unwrap();
    silent.write_all(PREFACE).await.unwrap();
    let mut begun = Vec::new();
    // Its settings were read.
    while !begun
        .windows(9)
        .any(|frame| frame == b"\0\0\0\x04\x01\0\0\0\0")
    {
        let read = timeout(PATIENCE, silent.read_u8()).await.unwrap();
        begun.push(read.unwrap());
    }
    for _ in 0..5 {
        let stream = handshake(server.address, &http2(&[&made])).await.unwrap();
        Client::on(stream).await.0.live().await;
    }
    let mut rest = Vec::new();
    // With TLS's goodbye: without it this is an error.
    timeout(PATIENCE, silent.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    // Its last frames are a goodbye and a ping.
    let (_, goodbye) = rest.split_last_chunk::<34>().unwrap();
    assert_eq!(goodbye[3], 7, "GOAWAY");
    sending.send_data("half".into(), true).unwrap();
    assert_eq!(reply(response.await).await.status, 200);
}
