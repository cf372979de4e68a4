use super::*;
use crate::server::{patience::WRITE_STEP, places::Places};
use futures_util::FutureExt;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::sleep,
};

fn guard(stream: DuplexStream) -> GuardedStream<DuplexStream> {
    guard_of(stream, &Phase::default())
}

fn guard_of(stream: DuplexStream, phase: &Phase) -> GuardedStream<DuplexStream> {
    guard_at(stream, phase, &Places::new(1))
}

fn guard_at(
    stream: DuplexStream,
    phase: &Phase,
    places: &Arc<Places>,
) -> GuardedStream<DuplexStream> {
    let place = places.take().now_or_never().unwrap();
    GuardedStream::new(stream, phase.clone(), place, &Limits::default())
}

/// Has just answered a request without reading its body.
fn refusing(stream: DuplexStream) -> GuardedStream<DuplexStream> {
    let phase = Phase::default();
    drop(phase.begin());
    phase.leave_body_unread();
    guard_of(stream, &phase)
}

/// Reads once, as a server does that wants a head.
async fn read(server: &mut GuardedStream<DuplexStream>) -> io::Result<usize> {
    server.read(&mut [0; 16]).await
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_must_say_something() {
    let (_client, server) = duplex(16);
    let before = Instant::now();
    let error = read(&mut guard(server)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(before.elapsed(), Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_head_is_timed_from_its_first_byte() {
    let (mut client, server) = duplex(16);
    let phase = Phase::default();
    let mut server = guard_of(server, &phase);
    client.write_all(b"GET").await.unwrap();
    read(&mut server).await.unwrap();
    let serving = phase.begin();
    client.write_all(b"body").await.unwrap();
    read(&mut server).await.unwrap();
    drop(serving);
    // One that comes and goes between two reads.
    drop(phase.begin());
    let idle = tokio::time::timeout(Duration::from_secs(3600), read(&mut server));
    assert!(idle.await.is_err(), "it was ended while it idled");

    // The next head.
    let before = Instant::now();
    let slow = tokio::spawn(async move {
        loop {
            client.write_all(b"x").await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
    });
    let error = loop {
        match read(&mut server).await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    slow.abort();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let (_client, server) = duplex(16);
    let mut server = guard(server);
    let before = Instant::now();
    let error = server.write_all(&[0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(before.elapsed(), Duration::from_secs(30));
}

/// Neither silent nor of use: a byte now and then would keep the connection, and a value open, for months.
#[tokio::test(start_paused = true)]
async fn a_client_that_drips_is_given_up_and_what_it_read_fast_is_no_credit() {
    for fast in [0, 10 * WRITE_STEP] {
        let (mut client, server) = duplex(16);
        let mut server = guard(server);
        let reader = tokio::spawn(async move {
            let mut first = vec![0; fast];
            client.read_exact(&mut first).await.unwrap();
            loop {
                sleep(Duration::from_secs(9)).await;
                client.read_exact(&mut [0]).await.unwrap();
            }
        });
        let before = Instant::now();
        let error = server.write_all(&vec![0; 11 * WRITE_STEP]).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(before.elapsed(), Duration::from_secs(60), "after {fast}");
        reader.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_reads_for_as_long_as_it_needs() {
    let (mut client, server) = duplex(WRITE_STEP / 2);
    let mut server = guard(server);
    let before = Instant::now();
    let reader = tokio::spawn(async move {
        let mut step = vec![0; WRITE_STEP / 2];
        for _ in 0..40 {
            sleep(Duration::from_secs(29)).await;
            client.read_exact(&mut step).await.unwrap();
        }
    });
    server.write_all(&vec![0; 20 * WRITE_STEP]).await.unwrap();
    reader.await.unwrap();
    assert!(before.elapsed() >= Duration::from_secs(10 * 60));
}

#[tokio::test(start_paused = true)]
async fn slow_progress_is_progress() {
    let (mut client, server) = duplex(16);
    let mut server = guard(server);
    let reader = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 64 {
            sleep(Duration::from_secs(15)).await;
            let mut buffer = [0; 16];
            seen += client.read(&mut buffer).await.unwrap();
        }
    });
    server.write_all(&[0; 64]).await.unwrap();
    server.flush().await.unwrap();
    reader.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_still_comes_is_read_before_the_end() {
    let (mut client, server) = duplex(16);
    let mut server = refusing(server);
    server.write_all(b"answer").await.unwrap();
    let client = tokio::spawn(async move {
        // More than the pipe holds: it gets through only while the other side reads.
        client.write_all(&[0; 1024]).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        answer
    });
    server.shutdown().await.unwrap();
    assert_eq!(client.await.unwrap(), b"answer");
}

#[tokio::test(start_paused = true)]
async fn lingering_ends() {
    let (_client, server) = duplex(16);
    let mut server = refusing(server);
    let before = Instant::now();
    server.shutdown().await.unwrap();
    assert_eq!(before.elapsed(), LINGER);
    server.shutdown().await.unwrap();
}

/// A head that is refused before its end: the rest of it still comes.
#[tokio::test(start_paused = true)]
async fn half_a_head_that_was_answered_lingers_and_one_that_was_not_does_not() {
    for (answered, expected) in [(true, LINGER), (false, Duration::ZERO)] {
        let (mut client, server) = duplex(64);
        let mut server = guard(server);
        client.write_all(b"GET /").await.unwrap();
        read(&mut server).await.unwrap();
        if answered {
            server.write_all(b"HTTP/1.1 431").await.unwrap();
        }
        let before = Instant::now();
        server.shutdown().await.unwrap();
        assert_eq!(before.elapsed(), expected, "{answered}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_can_come_ends_at_once() {
    let (mut client, server) = duplex(64);
    let phase = Phase::default();
    let mut server = guard_of(server, &phase);
    client.write_all(b"GET / HTTP").await.unwrap();
    read(&mut server).await.unwrap();
    let serving = phase.begin();
    server.write_all(b"answer").await.unwrap();
    drop(serving);
    let before = Instant::now();
    server.shutdown().await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
    // The client keeps its end open all the time.
    drop(client);
}

/// What a read gives when somebody else needs the place.
#[tokio::test(start_paused = true)]
async fn only_a_connection_that_idles_ends_when_its_place_is_needed() {
    let places = Places::new(1);
    let (mut client, server) = duplex(16);
    let phase = Phase::default();
    let mut server = guard_at(server, &phase, &places);
    let wanted = tokio::spawn({
        let places = Arc::clone(&places);
        async move { drop(places.take().await) }
    });
    // Half a head, and a request that is being served.
    client.write_all(b"GET").await.unwrap();
    assert_eq!(read(&mut server).await.unwrap(), 3);
    let wait = Duration::from_secs(5);
    assert!(tokio::time::timeout(wait, read(&mut server)).await.is_err());
    let serving = phase.begin();
    assert!(tokio::time::timeout(wait, read(&mut server)).await.is_err());
    // An answer that the client does not take.
    drop(serving);
    let stalled = tokio::time::timeout(wait, server.write_all(&[0; 64])).await;
    assert!(stalled.is_err());
    assert!(tokio::time::timeout(wait, read(&mut server)).await.is_err());
    client.read_exact(&mut [0; 16]).await.unwrap();
    server.write_all(b"end").await.unwrap();
    server.flush().await.unwrap();
    // Between two requests.
    assert!(!wanted.is_finished());
    let read = tokio::time::timeout(wait, read(&mut server)).await;
    assert_eq!(read.expect("it stays").unwrap(), 0);
    drop(server);
    wanted.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_has_come_is_served_though_its_place_is_needed() {
    let places = Places::new(1);
    let (mut client, server) = duplex(16);
    let mut server = guard_at(server, &Phase::default(), &places);
    assert!(read(&mut server).now_or_never().is_none());
    let mut wanted = Box::pin(places.take());
    assert!((&mut wanted).now_or_never().is_none());
    client.write_all(b"GET").await.unwrap();
    assert_eq!(read(&mut server).await.unwrap(), 3);
    assert!(read(&mut server).now_or_never().is_none());
    assert!(wanted.now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_is_not_waited_for() {
    let (client, server) = duplex(16);
    let mut server = refusing(server);
    drop(client);
    let before = Instant::now();
    server.shutdown().await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
}
