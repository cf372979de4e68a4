//! Clients that take their responses slowly, or not at all.

use super::client::{
    CHUNK, Came, DATA, END_STREAM, LARGE, RST_STREAM, ask, came, connect, first, get, grant,
    preface, send, server, server_of, settle,
};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    io::{ReadHalf, split},
    time::{Instant, sleep},
};

/// The code of a reset, CANCEL.
const CANCEL: u32 = 8;
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_client_that_grants_no_window_is_given_up_and_its_other_streams_are_not() {
    for (path, window, chunks) in [
        ("/large", 0, 1),
        ("/large", 100, 1),
        // All of it is with the connection already, but not with the client.
        ("/small", 2, 0),
    ] {
        let (mut client, served) = server(1 << 20).await;
        send(&mut client, &[preface(window), get(1, path)]).await;
        let before = Instant::now();
        let reset = first(&mut client, RST_STREAM).await.unwrap();
        assert_eq!((reset.stream, reset.error()), (1, CANCEL));
        assert_eq!(before.elapsed(), 30 * SECOND);
        let taken = served.seen.chunks.load(Ordering::Relaxed);
        assert_eq!(taken, chunks, "no more of it is in memory");
        send(&mut client, &[get(3, "/small"), grant(3, 100)]).await;
        let mut body = Vec::new();
        while body.len() < 5 {
            let data = first(&mut client, DATA).await.unwrap();
            assert_eq!(data.stream, 3);
            body.extend(data.payload);
        }
        assert_eq!(body, b"small");
    }
}

/// The window of the connection too.
#[tokio::test(start_paused = true)]
async fn the_window_of_a_connection_is_no_way_to_stall_all_its_streams() {
    let (mut client, served) = server(1 << 20).await;
    let streams: Vec<_> = (0..8).map(|number| get(2 * number + 1, "/large")).collect();
    send(&mut client, &[vec![preface(1 << 20)], streams].concat()).await;
    let before = Instant::now();
    let mut taken = 0;
    for _ in 0..8 {
        let reset = loop {
            let came = came(&mut client).await.unwrap();
            match came.kind {
                DATA => taken += came.payload.len(),
                RST_STREAM => break came,
                _ => {}
            }
        };
        assert_eq!(reset.error(), CANCEL);
    }
    assert_eq!(before.elapsed(), 30 * SECOND);
    assert_eq!(taken, 65535, "the window with which a connection begins");
    drop(client);
    let _ = served.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_grants_a_byte_now_and_then_is_given_up() {
    let (client, _served) = server(1 << 20).await;
    let (mut reader, mut writer) = split(client);
    send(&mut writer, &[preface(0), get(1, "/large")]).await;
    let before = Instant::now();
    let dripping = tokio::spawn(async move {
        loop {
            sleep(9 * SECOND).await;
            send(&mut writer, &[grant(1, 1)]).await;
        }
    });
    let reset = first(&mut reader, RST_STREAM).await.unwrap();
    assert_eq!((reset.stream, reset.error()), (1, CANCEL));
    assert_eq!(before.elapsed(), 60 * SECOND);
    dripping.abort();
}

/// Reads a response to its end.
async fn whole(reader: &mut ReadHalf<tokio::io::DuplexStream>) -> usize {
    let mut length = 0;
    loop {
        let Came {
            kind,
            flags,
            payload,
            ..
        } = came(reader).await.unwrap();
        assert_ne!(kind, RST_STREAM);
        if kind == DATA {
            length += payload.len();
            if flags & END_STREAM > 0 {
                return length;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_takes_for_as_long_as_it_needs() {
    let (client, _served) = server(1 << 20).await;
    let (mut reader, mut writer) = split(client);
    send(&mut writer, &[preface(0), get(1, "/large")]).await;
    let before = Instant::now();
    let granting = tokio::spawn(async move {
        loop {
            sleep(29 * SECOND).await;
            let half = 32 * 1024;
            send(&mut writer, &[grant(1, half), grant(0, half)]).await;
        }
    });
    assert_eq!(whole(&mut reader).await, LARGE);
    assert!(before.elapsed() > 500 * SECOND);
    granting.abort();
}

/// Whoever makes the response may take its time: the client is not to blame.
#[tokio::test(start_paused = true)]
async fn the_time_of_the_server_is_not_the_clients() {
    let (client, served) = server(1 << 20).await;
    let client = connect(client).await;
    let opening = async {
        sleep(3600 * SECOND).await;
        served.seen.gate.add_permits(1);
    };
    let (asked, ()) = tokio::join!(ask(&client, "/wait", b""), opening);
    assert_eq!(asked.unwrap(), (200, "waited".into()));
}

#[tokio::test(start_paused = true)]
async fn responses_are_whole_whatever_the_pipe_holds() {
    for pipe in [1024, CHUNK, 1 << 20] {
        let (client, _served) = server(pipe).await;
        let client = connect(client).await;
        for path in ["/large", "/small", "/", "/large"] {
            let (status, body) = ask(&client, path, b"").await.unwrap();
            let expected = match path {
                "/large" => LARGE,
                "/small" => 5,
                _ => 0,
            };
            assert_eq!((status, body.len()), (200, expected), "{path} of {pipe}");
        }
        let (_, echo) = ask(&client, "/echo", &[9; 200_000]).await.unwrap();
        assert_eq!(echo.len(), 200_000);
    }
}

/// What is done for a request that nobody waits for any more.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_taken_back_is_not_served_on() {
    for ends_the_connection in [false, true] {
        let (mut client, served) = server(1 << 20).await;
        send(&mut client, &[preface(100), get(1, "/wait")]).await;
        settle().await;
        assert_eq!(served.seen.waiting.load(Ordering::Relaxed), 1);
        assert_eq!(served.seen.waited.load(Ordering::Relaxed), 0);
        if ends_the_connection {
            drop(client);
        } else {
            let reset = super::client::frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
            send(&mut client, &[reset]).await;
        }
        settle().await;
        assert_eq!(served.seen.waited.load(Ordering::Relaxed), 1);
    }
}

/// The body of a refused request is that of its stream alone.
#[tokio::test(start_paused = true)]
async fn a_body_that_is_left_unread_ends_its_stream_and_not_the_connection() {
    let (client, _served) = server(1 << 20).await;
    let client = connect(client).await;
    for _ in 0..20 {
        // The window of a stream holds it back.
        let (status, _) = ask(&client, "/", &[1; 100_000]).await.unwrap();
        assert_eq!(status, 200);
    }
    let (_, body) = ask(&client, "/echo", b"here").await.unwrap();
    assert_eq!(body, "here");
}

/// A client that takes nothing of its responses has as many of them in memory as are served at once.
#[tokio::test(start_paused = true)]
async fn so_many_requests_are_served_at_once_and_further_ones_wait() {
    let (mut client, served) = server_of(1 << 20, 2).await;
    let streams: Vec<_> = (0..5).map(|number| get(2 * number + 1, "/large")).collect();
    send(&mut client, &[vec![preface(0)], streams].concat()).await;
    settle().await;
    assert_eq!(served.seen.chunks.load(Ordering::Relaxed), 2);
    // Those two are given up, and the next have their turn.
    let before = Instant::now();
    for turn in 1..=2 {
        for _ in 0..2 {
            let reset = first(&mut client, RST_STREAM).await.unwrap();
            assert_eq!(reset.error(), CANCEL);
        }
        assert_eq!(before.elapsed(), turn * 30 * SECOND);
        settle().await;
        let begun = usize::try_from(2 * (turn + 1)).unwrap().min(5);
        assert_eq!(served.seen.chunks.load(Ordering::Relaxed), begun);
    }
}
