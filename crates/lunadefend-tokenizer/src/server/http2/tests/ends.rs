//! How connections end: in their time, when their place is needed, and when the server stops.

use super::client::{
    CONTINUATION, DATA, GOAWAY, HEADERS, LARGE, PING, RST_STREAM, SETTINGS, Served, ask, came,
    connect, fields, first, frame, get, preface, send, server, settle,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{DuplexStream, ReadHalf, WriteHalf, split},
    time::{Instant, sleep},
};

const SECOND: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(11 * 60);

/// What a client can send without a request ever being served.
fn nothing() -> [Vec<u8>; 5] {
    [
        frame(PING, 0, 0, &[0; 8]),
        frame(SETTINGS, 0, 0, &[]),
        super::client::grant(0, 1),
        // Of a kind that nobody knows.
        frame(0xbb, 0, 0, &[0; 100]),
        // PRIORITY.
        frame(2, 0, 1, &[0, 0, 0, 0, 1]),
    ]
}

/// A client by hand that has had so many responses, one at most.
async fn client_after(requests: u32) -> (ReadHalf<DuplexStream>, WriteHalf<DuplexStream>, Served) {
    let (client, served) = server(1 << 20).await;
    let (mut reader, mut writer) = split(client);
    send(&mut writer, &[preface(100)]).await;
    for _ in 0..requests {
        send(&mut writer, &[get(1, "/small")]).await;
        first(&mut reader, DATA).await.unwrap();
    }
    (reader, writer, served)
}

/// It is told that the connection ends, and has a moment for an answer.
#[tokio::test(start_paused = true)]
async fn without_a_request_a_connection_has_the_time_of_a_head_and_then_that_of_idling() {
    for (requests, time) in [(0, 10 * SECOND), (1, IDLE)] {
        for sent in nothing() {
            let (mut reader, mut writer, served) = client_after(requests).await;
            let before = Instant::now();
            let sending = tokio::spawn(async move {
                loop {
                    sleep(2 * SECOND).await;
                    send(&mut writer, std::slice::from_ref(&sent)).await;
                }
            });
            let goodbye = first(&mut reader, GOAWAY).await.unwrap();
            assert_eq!(goodbye.error(), 0);
            assert_eq!(before.elapsed(), time);
            assert!(first(&mut reader, RST_STREAM).await.is_none());
            let _ = served.end().await;
            assert_eq!(before.elapsed(), time + SECOND);
            sending.abort();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_is_let_go_at_once() {
    let (client, served) = server(1 << 20).await;
    let client = connect(client).await;
    ask(&client, "/small", b"").await.unwrap();
    let before = Instant::now();
    // Whichever side closes first.
    let _ = served.end().await;
    assert_eq!(before.elapsed(), IDLE);
}

/// Not even the preface.
#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_has_the_time_of_a_head() {
    let (_client, served) = server(1 << 20).await;
    let before = Instant::now();
    let _ = served.end().await;
    assert_eq!(before.elapsed(), 11 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_ends_the_connection() {
    let (mut client, served) = server(1 << 20).await;
    send(
        &mut client,
        &[preface(100), frame(HEADERS, 1, 1, &fields("/small"))],
    )
    .await;
    let before = Instant::now();
    let _ = served.end().await;
    assert_eq!(before.elapsed(), 11 * SECOND);

    // As fast as it can.
    let (client, served) = server(1 << 20).await;
    let (mut reader, mut writer) = split(client);
    let started = [preface(100), frame(HEADERS, 1, 1, &fields("/small"))];
    send(&mut writer, &started).await;
    let before = Instant::now();
    let flood = tokio::spawn(async move {
        loop {
            send(&mut writer, &[frame(CONTINUATION, 0, 1, &[])]).await;
        }
    });
    assert!(served.end().await.is_err());
    assert_eq!(before.elapsed(), Duration::ZERO);
    let goodbye = first(&mut reader, GOAWAY).await.unwrap();
    assert_eq!(&goodbye.payload[4..8], [0, 0, 0, 11], "ENHANCE_YOUR_CALM");
    assert!(flood.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_makes_room_at_once_and_says_so() {
    for requests in 0..2 {
        let (mut reader, _writer, served) = client_after(requests).await;
        let before = Instant::now();
        Served::make_room(Arc::clone(&served.places)).await;
        assert_eq!(before.elapsed(), Duration::ZERO, "nobody waits for it");
        assert_eq!(first(&mut reader, GOAWAY).await.unwrap().error(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_with_a_request_makes_room_when_its_response_is_written() {
    let (client, served) = server(1 << 20).await;
    let (mut reader, mut writer) = split(client);
    send(&mut writer, &[preface(100), get(1, "/wait")]).await;
    settle().await;
    let next = tokio::spawn(Served::make_room(Arc::clone(&served.places)));
    sleep(5 * SECOND).await;
    assert!(!next.is_finished());
    served.seen.gate.add_permits(1);
    let data = first(&mut reader, DATA).await.unwrap();
    assert_eq!(data.payload, b"waited");
    next.await.unwrap();
    assert!(first(&mut reader, RST_STREAM).await.is_none());
}

/// A client that always has a request running would keep its place for ever.
#[tokio::test(start_paused = true)]
async fn a_busy_connection_is_told_to_leave_when_its_place_is_needed() {
    let (client, served) = server(1 << 20).await;
    let (mut reader, mut writer) = split(client);
    send(&mut writer, &[preface(100), get(1, "/wait")]).await;
    settle().await;
    let next = tokio::spawn(Served::make_room(Arc::clone(&served.places)));
    settle().await;
    send(&mut writer, &[get(3, "/small")]).await;
    assert_eq!(first(&mut reader, DATA).await.unwrap().payload, b"small");
    assert_eq!(first(&mut reader, GOAWAY).await.unwrap().error(), 0);
    assert!(!next.is_finished());
    served.seen.gate.add_permits(1);
    while first(&mut reader, DATA).await.unwrap().payload != b"waited" {}
    next.await.unwrap();
}

/// Through a pipe that holds little of it.
#[tokio::test(start_paused = true)]
async fn no_response_is_cut_to_make_room() {
    for pipe in [512, 4096, 100_000] {
        let (client, served) = server(pipe).await;
        let client = connect(client).await;
        let (asked, other, ()) = tokio::join!(
            ask(&client, "/large", b""),
            ask(&client, "/small", b""),
            Served::make_room(Arc::clone(&served.places))
        );
        assert_eq!(asked.unwrap().1.len(), LARGE);
        assert_eq!(other.unwrap().1, "small");
    }
}

/// What came with the wish is served, and not left without an answer.
#[tokio::test(start_paused = true)]
async fn a_request_that_has_come_is_served_though_its_place_is_needed() {
    let (mut reader, mut writer, served) = client_after(0).await;
    settle().await;
    let next = tokio::spawn(Served::make_room(Arc::clone(&served.places)));
    send(&mut writer, &[get(1, "/small")]).await;
    let data = first(&mut reader, DATA).await.unwrap();
    assert_eq!(data.payload, b"small");
    next.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_running_requests_end_and_waits_a_moment_for_those_on_their_way() {
    let (client, served) = server(1 << 20).await;
    let (mut reader, mut writer) = split(client);
    send(&mut writer, &[preface(100), get(1, "/wait")]).await;
    settle().await;
    served.stop.send_replace(());
    assert_eq!(first(&mut reader, GOAWAY).await.unwrap().error(), 0);
    // Sent before the client has heard of it.
    send(&mut writer, &[get(3, "/small")]).await;
    assert_eq!(first(&mut reader, DATA).await.unwrap().payload, b"small");
    sleep(5 * SECOND).await;
    served.seen.gate.add_permits(1);
    let before = Instant::now();
    while first(&mut reader, DATA).await.unwrap().payload != b"waited" {}
    while came(&mut reader).await.is_some() {}
    let _ = served.end().await;
    assert_eq!(before.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_an_idle_client_that_answers() {
    let (client, served) = server(1 << 20).await;
    let client = connect(client).await;
    ask(&client, "/small", b"").await.unwrap();
    let before = Instant::now();
    served.stop.send_replace(());
    // Whichever side closes first.
    let _ = served.end().await;
    assert_eq!(before.elapsed(), Duration::ZERO);
}
