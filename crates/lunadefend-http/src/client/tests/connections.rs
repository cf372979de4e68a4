//! Which connection a request goes over.

use super::*;

/// Answers each request of a connection, and says which one of it that was.
async fn one_after_the_other(mut stream: TcpStream, mut request: String) {
    let mut count = 0;
    while !request.is_empty() {
        count += 1;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{count}");
        let _ = stream.write_all(answer.as_bytes()).await;
        request = read_request(&mut stream).await;
    }
}

#[tokio::test]
async fn a_new_connection_is_new() {
    let (url, connections) = server(one_after_the_other).await;
    let client = client();
    for (connection, count, opened) in [
        (Connection::Any, "1", 1),
        (Connection::Any, "2", 1),
        (Connection::New, "1", 2),
        // It was not kept.
        (Connection::New, "1", 3),
        (Connection::Any, "3", 3),
    ] {
        let request = request(&url);
        let by = request.deadline;
        let answer = client.send_over(connection, request, by).await.unwrap();
        assert_eq!(answer.body, count);
        assert_eq!(connections.load(Ordering::SeqCst), opened);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_takes_the_place_of_the_host() {
    let path = std::env::temp_dir().join(format!("lunadefend-http-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let client = HttpClient::builder().tls(false).unix_socket(&path);
    let served = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 1024];
        let length = stream.read(&mut read).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(answer).await.unwrap();
        String::from_utf8_lossy(&read[..length]).to_lowercase()
    };
    let client = client.build().unwrap();
    let (answer, seen) = tokio::join!(client.send(request("http://canary.invalid/path")), served);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(answer.unwrap().body, "{}");
    assert!(seen.starts_with("post /path http/1.1\r\n"), "{seen}");
    assert!(seen.contains("host: canary.invalid\r\n"), "{seen}");
}
