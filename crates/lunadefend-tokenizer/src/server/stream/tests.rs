use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

fn guard(stream: DuplexStream) -> GuardedStream<DuplexStream> {
    GuardedStream::new(stream, Phase::default(), &Limits::default())
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
    let mut server = GuardedStream::new(server, phase.clone(), &Limits::default());
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

#[tokio::test(start_paused = true)]
async fn slow_progress_is_progress() {
    let (mut client, server) = duplex(16);
    let mut server = guard(server);
    let reader = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 64 {
            sleep(Duration::from_secs(20)).await;
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
    let mut server = guard(server);
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
    let mut server = guard(server);
    let before = Instant::now();
    server.shutdown().await.unwrap();
    assert_eq!(before.elapsed(), LINGER);
    server.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_is_not_waited_for() {
    let (client, server) = duplex(16);
    let mut server = guard(server);
    drop(client);
    let before = Instant::now();
    server.shutdown().await.unwrap();
    assert_eq!(before.elapsed(), Duration::ZERO);
}
