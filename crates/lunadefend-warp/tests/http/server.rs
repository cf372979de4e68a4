//! Over a real connection: panics, and bodies that never end or break off.

use crate::app::{App, BODY_LIMIT, app};
use lunadefend_testing::http::exchange_parts;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use warp::{Filter, Reply};

/// Serves the routes for as long as the test runs.
async fn serve<F>(routes: F) -> SocketAddr
where
    F: Filter<Extract: Reply, Error = warp::Rejection> + Clone + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(routes).incoming(listener).run());
    address
}

/// Sends what the parts say, on a connection of its own, and reads all that comes back.
async fn send(address: SocketAddr, parts: &[&[u8]]) -> String {
    String::from_utf8(exchange_parts(address, parts).await).unwrap()
}

async fn get(address: SocketAddr, head: &str) -> String {
    let request = format!("{head}\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    send(address, &[request.as_bytes()]).await
}

#[tokio::test]
async fn a_panic_of_the_provider_costs_one_answer_and_not_the_connection() {
    let App { routes, .. } = app();
    let address = serve(routes).await;
    let panics = "GET /whoami HTTP/1.1\r\nhost: localhost\r\nx-session: panic\r\n\r\n";
    let next =
        "GET /whoami HTTP/1.1\r\nhost: localhost\r\nx-session: ann\r\nconnection: close\r\n\r\n";
    let answers = send(address, &[panics.as_bytes(), next.as_bytes()]).await;
    assert!(answers.starts_with("HTTP/1.1 500 "), "{answers}");
    assert!(answers.contains("\"sessionError\""), "{answers}");
    assert!(answers.ends_with("somebody"), "{answers}");
}

#[tokio::test]
async fn a_panic_in_the_providers_filter_costs_the_connection_and_not_the_process() {
    async fn whoami(_: lunadefend_warp::Session) -> &'static str {
        "somebody"
    }

    let picks = warp::header::<String>("x-session").map(|id: String| {
        assert_ne!(id, "panic", "canary");
        id
    });
    let luna =
        lunadefend_warp::Luna::new(lunadefend_testing::TestBackend::new(), picks, |id| async {
            lunadefend_core::SessionId::new(id).map(Some)
        });
    let address = serve(luna.handle(warp::path!("whoami"), whoami)).await;
    let answer = get(address, "GET /whoami HTTP/1.1\r\nx-session: panic").await;
    assert_eq!(answer, "");
    let answer = get(address, "GET /whoami HTTP/1.1\r\nx-session: ann").await;
    assert!(answer.ends_with("somebody"), "{answer}");
}

#[tokio::test]
async fn a_body_in_chunks_is_read_no_further_than_to_the_limit() {
    let App { routes, ran, .. } = app();
    let address = serve(routes).await;
    let head = b"POST /store HTTP/1.1\r\nhost: localhost\r\nx-session: ann\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    let chunk = |bytes: &str| format!("{:x}\r\n{bytes}\r\n", bytes.len());

    let spaces = chunk(&" ".repeat(BODY_LIMIT / 2));
    // Never ended: only who stops reading can answer.
    let endless = format!("{spaces}{spaces}{}", chunk(" "));
    let answer = send(address, &[head, endless.as_bytes()]).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("payloadTooLarge"), "{answer}");
    assert_eq!(ran.get(), 0);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_never_a_whole_one() {
    let App { routes, ran, .. } = app();
    let address = serve(routes).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"POST /store HTTP/1.1\r\nhost: localhost\r\nx-session: ann\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n[]")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400 "),
        "{answer}"
    );
    assert_eq!(ran.get(), 0);
}
