//! Connections: who has one, who makes room, and how they end.

use crate::{
    harness::{Harness, SESSION, read_to_end},
    limits::{SHORT, with_limits},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

async fn health(connection: &mut TcpStream) -> String {
    connection.write_all(HEALTH).await.unwrap();
    answer(connection).await
}

/// One response, on a connection that may stay.
async fn answer(connection: &mut TcpStream) -> String {
    let reading = async {
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(connection.read_u8().await.unwrap());
        }
        let mut answer = String::from_utf8(answer).unwrap();
        let (_, length) = answer.split_once("\r\ncontent-length: ").unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        connection.read_exact(&mut body).await.unwrap();
        answer.push_str(std::str::from_utf8(&body).unwrap());
        answer
    };
    let patience = Duration::from_secs(60);
    tokio::time::timeout(patience, reading)
        .await
        .expect("no answer")
}

/// An upload that runs: its head was read, and the server waits for the body of eight bytes.
async fn upload(harness: &Harness) -> TcpStream {
    let (_, upload) = harness.tokenize(SESSION).await;
    let mut connection = harness.connect().await;
    let head = format!(
        "PUT {upload} HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    // Asked to go on: the request is running.
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on[..12], b"HTTP/1.1 100");
    connection
}

#[tokio::test]
async fn connections_beyond_the_cap_wait() {
    let harness = with_limits(|limits| {
        limits.max_connections = 1;
        limits.header_read = SHORT;
    })
    .await;
    let before = Instant::now();
    // It has begun a request and holds the one place until its time is over.
    let mut slow = harness.connect().await;
    slow.write_all(b"GET ").await.unwrap();
    let answer = harness
        .raw(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(before.elapsed() >= SHORT, "the other one did not wait");
    assert_eq!(read_to_end(&mut slow).await, "");
}

/// Neither those that idle in the pools of a few clients, nor those that never say anything.
#[tokio::test]
async fn idle_connections_keep_nobody_out() {
    let harness = with_limits(|limits| {
        limits.max_connections = 8;
        limits.header_read = Duration::from_secs(3600);
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..7 {
        let mut connection = harness.connect().await;
        health(&mut connection).await;
        idle.push(connection);
    }
    for _ in 0..64 {
        idle.push(harness.connect().await);
    }
    let mut connection = harness.connect().await;
    let answer = health(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    // The longest idle ones have gone, without a word.
    for connection in &mut idle[..64] {
        assert_eq!(read_to_end(connection).await, "");
    }
}

#[tokio::test]
async fn the_longest_idle_connection_makes_room() {
    let harness = with_limits(|limits| limits.max_connections = 3).await;
    let mut connections = Vec::new();
    for _ in 0..3 {
        let mut connection = harness.connect().await;
        health(&mut connection).await;
        connections.push(connection);
    }
    // The first one is used again: now the second has idled for longest.
    let answer = health(&mut connections[0]).await;
    assert!(
        !answer.contains("connection: close"),
        "there is room: {answer}"
    );
    let mut new = harness.connect().await;
    health(&mut new).await;
    assert_eq!(read_to_end(&mut connections[1]).await, "");
    for number in [0, 2] {
        health(&mut connections[number]).await;
    }
}

/// Nobody closes their connection or asks the server to.
#[tokio::test]
async fn clients_that_keep_their_connections_make_room_for_each_other() {
    let harness = with_limits(|limits| limits.max_connections = 2).await;
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut client = harness.connect().await;
        client.write_all(HEALTH).await.unwrap();
        clients.push(client);
    }
    for client in &mut clients {
        let answer = answer(client).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    // With room enough a connection is kept.
    let harness = with_limits(|limits| limits.max_connections = 8).await;
    let mut client = harness.connect().await;
    for _ in 0..3 {
        let answer = health(&mut client).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_that_has_begun_is_not_cut_off_to_make_room() {
    let harness = with_limits(|limits| limits.max_connections = 2).await;
    let mut upload = upload(&harness).await;
    // The harness's own connection idled, and makes room for a head that has begun.
    let mut slow = harness.connect().await;
    slow.write_all(b"GET /health HTTP/1.1\r\n").await.unwrap();
    let mut waiting = harness.connect().await;
    waiting.write_all(HEALTH).await.unwrap();
    slow.write_all(b"Host: x\r\n\r\n").await.unwrap();
    assert!(answer(&mut slow).await.starts_with("HTTP/1.1 200 "));
    assert!(answer(&mut waiting).await.starts_with("HTTP/1.1 200 "));
    upload.write_all(b"finished").await.unwrap();
    assert!(answer(&mut upload).await.starts_with("HTTP/1.1 200 "));
}

/// Said in the log; see the tests of the command. Others do not suffer.
#[tokio::test]
async fn http2_without_tls_ends_the_connection() {
    let harness = Harness::start().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    assert_eq!(harness.raw(preface).await, "");
    assert_eq!(harness.get("/health", &[]).await.status, 200);
}

#[tokio::test]
async fn running_requests_finish_before_the_end() {
    let harness = Harness::start().await;
    let mut connection = upload(&harness).await;
    let server = harness.stop();
    connection.write_all(b"finished").await.unwrap();
    let answer = read_to_end(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_end_has_an_end() {
    let harness = with_limits(|limits| limits.drain = SHORT).await;
    let _running = upload(&harness).await;
    harness.stop().await.unwrap().unwrap();
}

/// Time stands still unless somebody waits for it.
#[tokio::test]
async fn a_stop_does_not_wait_for_idle_connections() {
    let harness = Harness::start().await;
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut connection = harness.connect().await;
        health(&mut connection).await;
        idle.push(connection);
    }
    // One of them has never said anything.
    let silent = harness.connect().await;
    health(&mut idle[0]).await;
    tokio::time::pause();
    let before = Instant::now();
    harness.stop().await.unwrap().unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
    for mut connection in idle.into_iter().chain([silent]) {
        // They are closed, though no client has closed its own.
        assert_eq!(connection.read(&mut [0; 16]).await.unwrap(), 0);
    }
}
