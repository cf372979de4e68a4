//! Clients that send as much as they can of what costs them nothing.

use super::client::{
    DATA, GOAWAY, PING, RST_STREAM, SETTINGS, WINDOW_UPDATE, ask, connect, first, frame, get,
    preface, send, server, settle,
};
use crate::config::Limits;
use http::{HeaderValue, Request};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncWriteExt, split},
    time::Instant,
};

/// The codes of a reset and of a goodbye.
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_its_requests_back_at_once_is_cut_off() {
    let (mut client, served) = server(1 << 20).await;
    let resets: Vec<_> = (0..100)
        .map(|number| 2 * number + 1)
        .flat_map(|stream| {
            let reset = frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
            [get(stream, "/wait"), reset]
        })
        .collect();
    send(&mut client, &[vec![preface(100)], resets].concat()).await;
    let goodbye = first(&mut client, GOAWAY).await.unwrap();
    assert_eq!(goodbye.payload[4..8], ENHANCE_YOUR_CALM);
    let seen = Arc::clone(&served.seen);
    assert!(served.end().await.is_err());
    assert_eq!(seen.waiting.load(Ordering::Relaxed), 0);
}

/// The answers go nowhere, and are not kept.
#[tokio::test(start_paused = true)]
async fn a_client_that_asks_for_answers_and_reads_none_is_cut_off() {
    for sent in [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])] {
        let (client, served) = server(4096).await;
        let (_reader, mut writer) = split(client);
        send(&mut writer, &[preface(100), get(1, "/wait")]).await;
        let before = Instant::now();
        let flood = tokio::spawn(async move { while writer.write_all(&sent).await.is_ok() {} });
        assert!(served.end().await.is_err());
        assert_eq!(before.elapsed(), Duration::from_secs(30));
        flood.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_requests_are_served_at_once_and_the_next_is_refused() {
    let (mut client, served) = server(1 << 20).await;
    let most = Limits::MAX_STREAMS;
    let requests: Vec<_> = (0..=most)
        .map(|number| get(2 * number + 1, "/wait"))
        .collect();
    send(&mut client, &[vec![preface(100)], requests].concat()).await;
    let refused = first(&mut client, RST_STREAM).await.unwrap();
    assert_eq!(refused.stream, 2 * most + 1);
    assert_eq!(refused.error(), REFUSED_STREAM);
    settle().await;
    let waiting = served.seen.waiting.load(Ordering::Relaxed);
    assert_eq!(waiting, usize::try_from(most).unwrap());
    served.seen.gate.add_permits(waiting);
    let mut answered = 0;
    while answered < waiting {
        let data = first(&mut client, DATA).await.unwrap();
        answered += usize::from(data.payload == b"waited");
    }
    send(&mut client, &[get(2 * most + 3, "/small")]).await;
    while first(&mut client, DATA).await.unwrap().payload != b"small" {}
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_large_is_refused_and_the_connection_goes_on() {
    let (client, _served) = server(1 << 20).await;
    let client = connect(client).await;
    for (length, status) in [(33 * 1024, 431), (30 * 1024, 200)] {
        let request = Request::get("https://localhost/small")
            .header(
                "x-long",
                HeaderValue::from_str(&"x".repeat(length)).unwrap(),
            )
            .body(())
            .unwrap();
        let mut sending = client.clone().ready().await.unwrap();
        let (response, _) = sending.send_request(request, true).unwrap();
        assert_eq!(response.await.unwrap().status(), status);
    }
    assert_eq!(ask(&client, "/small", b"").await.unwrap().1, "small");
}

/// What a client may send before any of it is read, and what it may have in memory.
#[tokio::test(start_paused = true)]
async fn the_limits_are_what_a_client_is_told() {
    let (mut client, _served) = server(1 << 20).await;
    send(&mut client, &[preface(100)]).await;
    let settings = first(&mut client, SETTINGS).await.unwrap();
    let mut told: Vec<_> = settings.payload.chunks(6).map(<[u8]>::to_vec).collect();
    told.sort();
    assert_eq!(
        told,
        [
            // The requests at once, the window of a stream, the length of a frame, and of a head.
            [&[0, 3][..], &100_u32.to_be_bytes()].concat(),
            [&[0, 4][..], &(64 * 1024_u32).to_be_bytes()].concat(),
            [&[0, 5][..], &(16 * 1024_u32).to_be_bytes()].concat(),
            [&[0, 6][..], &(32 * 1024_u32).to_be_bytes()].concat(),
        ]
    );
    let window = first(&mut client, WINDOW_UPDATE).await.unwrap();
    assert_eq!((window.stream, window.error()), (0, 256 * 1024 - 65535));
}
