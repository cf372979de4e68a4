//! Values as streams.

use crate::support::{Act, Server, T1, answer, session, yes};
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use lunadefend_client::{ClientBuilder, StreamBody};
use lunadefend_core::{Error, ErrorKind, VerifiedToken, wire::Metadata};
use std::{error::Error as _, io, time::Duration};

/// Responds to the requests for URLs with one of its own, and at that URL as `blob` says by the request's number.
async fn store(blob: impl Fn(usize) -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |number, request| {
        let host = request.header("host");
        match &*request.target {
            "/tokenize" => Act::Send(yes(&format!(
                r#"{{"tokenId":"{T1}","uploadUrl":"http://{host}/blob","headers":{{"x-amz-meta-k":"v"}}}}"#
            ))),
            "/detokenize" => Act::Send(yes(&format!(
                r#"{{"downloadUrl":"http://{host}/blob","headers":{{}}}}"#
            ))),
            _ => blob(number),
        }
    })
    .await
}

fn stored() -> VerifiedToken {
    VerifiedToken::assertion(T1).unwrap()
}

fn value(chunks: &[&'static str]) -> StreamBody {
    let chunks: Vec<_> = chunks.iter().copied().map(Ok::<_, io::Error>).collect();
    StreamBody::new(stream::iter(chunks))
}

async fn upload(client: ClientBuilder, body: StreamBody) -> Result<VerifiedToken, Error> {
    let api = client.build().unwrap().tokenizer();
    api.upload(&session(), body, &Metadata::string()).await
}

/// All of a value, or the error of its stream.
async fn download(client: ClientBuilder) -> Result<Vec<u8>, Error> {
    let api = client.build().unwrap().tokenizer();
    let mut value = api.download(&session(), &stored()).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = value.next_chunk().await? {
        bytes.extend_from_slice(&chunk);
    }
    assert!(value.next_chunk().await?.is_none());
    Ok(bytes)
}

fn ok(value: &str) -> Vec<u8> {
    answer(200, "content-type: application/octet-stream\r\n", value)
}

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn an_upload_is_a_request_for_the_url_and_a_put() {
    let server = store(|_| Act::Send(answer(200, "", ""))).await;
    let token = upload(server.client(), value(&["he", "llo"]).with_length(5)).await;
    assert_eq!(token.unwrap(), stored());
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let [begin, put] = [&requests[0], &requests[1]];
    assert_eq!(begin.text(), r#"{"metadata":{"dataType":"string"}}"#);
    assert_eq!(
        (&*put.method, &*put.target, put.text()),
        ("PUT", "/blob", "hello")
    );
    assert_eq!(put.header("content-type"), "application/octet-stream");
    assert_eq!(put.header("x-amz-meta-k"), "v");
    assert_eq!(put.header("content-length"), "5");
    for secret in ["authorization", "cookie"] {
        assert!(
            put.headers.iter().all(|(name, _)| name != secret),
            "{secret}"
        );
    }
}

#[tokio::test]
async fn a_download_is_a_stream_of_the_value() {
    let server = store(|_| Act::Send(ok("hello"))).await;
    assert_eq!(download(server.client()).await.unwrap(), b"hello");
    let api = server.client().build().unwrap().tokenizer();
    let value = api.download(&session(), &stored()).await.unwrap();
    assert_eq!(value.length(), Some(5));
    let shown = format!("{value:?}");
    assert!(
        !shown.contains("hello") && !shown.contains("blob"),
        "{shown}"
    );
    let chunks: Vec<Bytes> = value.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"hello");
}

/// A value that is cut is never taken for a whole one, wherever it is cut.
#[tokio::test]
async fn a_download_that_is_cut_ends_with_an_error() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n".to_owned(),
        format!("{chunked}5\r\nhello\r\n"),
        chunked.to_owned(),
    ] {
        let server = store({
            let cut = cut.clone();
            move |_| Act::Send(cut.clone().into_bytes())
        })
        .await;
        let error = download(server.client()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueIncomplete, "{cut}");
        assert_eq!(
            (error.name(), error.code().as_str()),
            ("valueIncomplete", "502")
        );
        assert!(error.source().is_some());
        // Once it had begun nothing is read again behind the caller's back.
        assert_eq!(server.requests().len(), 2);
        // The whole value at once is no shorter either.
        let api = server.client().build().unwrap().tokenizer();
        let error = api.detokenize(&session(), &stored()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse, "{cut}");
    }
    // Where the end is that of the connection, nobody knows whether it is one.
    let server = store(|_| Act::Send(b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec())).await;
    let error = download(server.client()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
    let api = server.client().build().unwrap().tokenizer();
    let error = api.detokenize(&session(), &stored()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
}

#[tokio::test]
async fn a_value_over_the_limit_is_an_error_that_says_the_limit() {
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for sent in [ok("hello"), chunked.to_vec()] {
        let server = store(move |_| Act::Send(sent.clone())).await;
        let fits = download(server.client().max_stream_len(5)).await;
        assert_eq!(fits.unwrap(), b"hello");
        let error = download(server.client().max_stream_len(4))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse);
        assert!(
            error.message().contains("max_stream_len, 4 bytes"),
            "{error}"
        );
        // The limit of whole values is another one.
        let fits = download(server.client().max_value_len(1)).await;
        assert_eq!(fits.unwrap(), b"hello");
    }
    let server = store(|_| Act::Send(answer(413, "", ""))).await;
    let error = upload(server.client(), value(&["hello"]).with_length(5)).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::PayloadTooLarge);
}

#[tokio::test]
async fn a_line_without_progress_is_an_error() {
    let half = || Act::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec());
    let server = store(move |_| half()).await;
    let error = download(server.client().stall_timeout(SHORT))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValueIncomplete);

    let server = store(|_| Act::Hang).await;
    let client = || server.client().stall_timeout(SHORT);
    let error = upload(client(), value(&["hello"]).with_length(5))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    assert!(error.message().contains("no progress"), "{error}");
    // Up to its head a download has the deadline of a call.
    let error = download(client().deadline(SHORT)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
}

#[tokio::test]
async fn a_stream_is_sent_once_and_what_fails_is_said() {
    let server = store(|_| Act::Send(answer(200, "", ""))).await;
    let failing = [Ok("half of it"), Err(io::Error::other("the disk"))];
    let body = StreamBody::new(stream::iter(failing)).with_length(100);
    let error = upload(server.client(), body).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    let cause = error.source().unwrap().source().unwrap();
    assert_eq!(cause.to_string(), "the disk");
    let error = upload(server.client(), value(&["long"]).with_length(3)).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Internal);

    let blobs: [fn(usize) -> Act; 2] = [|_| Act::Reset, |_| Act::Send(answer(503, "", ""))];
    for blob in blobs {
        let server = store(blob).await;
        let error = upload(server.client(), value(&["hello"]).with_length(5)).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TokenizerUnavailable);
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_download_is_asked_for_again_until_it_begins() {
    // The request for the URL is number 0.
    let server = store(|number| match number {
        1 => Act::Reset,
        2 => Act::Send(answer(503, "", "")),
        _ => Act::Send(ok("hello")),
    })
    .await;
    let client = server
        .client()
        .max_retries(2)
        .deadline(Duration::from_secs(60));
    assert_eq!(download(client).await.unwrap(), b"hello");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn refusals_of_the_storage() {
    for (status, kind) in [
        (403, ErrorKind::TokenizerRejected),
        (404, ErrorKind::TokenizerRejected),
        (206, ErrorKind::BadTokenizerResponse),
        (302, ErrorKind::BadTokenizerResponse),
    ] {
        let server = store(move |_| Act::Send(answer(status, "location: /x\r\n", "x"))).await;
        let client = || server.client().max_retries(0);
        assert_eq!(
            download(client()).await.unwrap_err().kind(),
            kind,
            "{status}"
        );
        if status != 206 {
            let error = upload(client(), value(&["v"]).with_length(1)).await;
            assert_eq!(error.unwrap_err().kind(), kind, "{status}");
        }
    }
}

/// A download holds a connection of the client, and gives it back.
#[tokio::test]
async fn a_running_download_keeps_its_place() {
    let server =
        store(|_| Act::Stall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_vec())).await;
    let client = server
        .client()
        .max_connections(1)
        .deadline(Duration::from_secs(60));
    let api = client.build().unwrap().tokenizer();
    let value = api.download(&session(), &stored()).await.unwrap();
    let session = session();
    let token = stored();
    let mut second = std::pin::pin!(api.download(&session, &token));
    assert!(tokio::time::timeout(SHORT, &mut second).await.is_err());
    drop(value);
    drop(second.await.unwrap());
}
