//! Faults on the way of a value.

use crate::{PATIENT, Setting, cut};
use lunadefend::{Error, ErrorKind, Metadata};
use lunadefend_tests::{
    Act, Fault, Stub,
    http1::{answer, json},
};

#[tokio::test]
async fn a_value_is_whole_or_an_error_and_never_stored_twice() {
    let setting = Setting::new(PATIENT).await;
    let line = setting.world.line_to_tokenizer();
    let luna = setting.world.luna();
    let api = luna.tokenizer();
    let session = &setting.session;
    let tokenize = async || {
        api.tokenize(session, b"078-05-1120", &Metadata::string())
            .await
    };
    let token = tokenize().await.unwrap();
    let on_values = |fault: fn() -> Fault| {
        line.plan(
            move |_, request| match request.path().starts_with("/blob/") {
                true => fault(),
                false => Fault::Pass,
            },
        );
    };

    let spoiled: [(fn() -> Fault, ErrorKind); 5] = [
        (
            || Fault::Spoil(|bytes| Act::Send(cut(bytes, 1))),
            ErrorKind::BadTokenizerResponse,
        ),
        (
            || Fault::Instead(Act::Send(answer(302, "location: /x\r\n", ""))),
            ErrorKind::BadTokenizerResponse,
        ),
        (
            || Fault::Instead(Act::Send(answer(206, "", "078"))),
            ErrorKind::BadTokenizerResponse,
        ),
        (
            || {
                let headers = "content-encoding: gzip\r\n";
                Fault::Instead(Act::Send(answer(200, headers, "x")))
            },
            ErrorKind::BadTokenizerResponse,
        ),
        (
            || Fault::Instead(Act::Reset(Vec::new())),
            ErrorKind::TokenizerUnavailable,
        ),
    ];
    for (fault, kind) in spoiled {
        on_values(fault);
        let error = api.detokenize(session, &token).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
    }

    // Each of the two requests once: the token, and the value.
    let methods = |from: usize| {
        let requests = line.requests().split_off(from);
        requests
            .iter()
            .map(|request| request.method().to_owned())
            .collect::<Vec<_>>()
    };
    let before = line.requests().len();
    on_values(|| Fault::Instead(Act::Reset(Vec::new())));
    let error = tokenize().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    assert_eq!(methods(before), ["POST", "PUT"]);
    line.plan(|_, _| Fault::Spoil(|_| Act::Send(answer(503, "", ""))));
    let error = tokenize().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    assert_eq!(methods(before), ["POST", "PUT", "POST"]);

    line.mend();
    let read = api.detokenize(session, &token).await.unwrap();
    assert_eq!(read.expose_secret(), b"078-05-1120");
}

/// A value as a stream, wherever the line cuts it.
#[tokio::test]
async fn a_download_that_is_cut_on_the_way_ends_with_an_error() {
    let setting = Setting::new(PATIENT).await;
    let line = setting.world.line_to_tokenizer();
    let luna = setting.world.luna();
    let (api, session) = (luna.tokenizer(), &setting.session);
    let value = vec![7; 300_000];
    let token = api.tokenize(session, &value, &Metadata::string()).await;
    let token = token.unwrap();
    let read = async || {
        let mut value = api.download(session, &token).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = value.next_chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok::<_, Error>(bytes)
    };
    let cuts: [fn(Vec<u8>) -> Act; 3] = [
        |bytes| Act::Send(cut(bytes, 1)),
        |bytes| Act::Send(cut(bytes, 150_000)),
        |bytes| Act::Send(cut(bytes, 300_000)),
    ];
    for spoil in cuts {
        line.plan(
            move |_, request| match request.path().starts_with("/blob/") {
                true => Fault::Spoil(spoil),
                false => Fault::Pass,
            },
        );
        let error = read().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ValueIncomplete, "{error:?}");
    }
    line.mend();
    assert!(read().await.unwrap() == value);
}

/// A tokenizer that was taken over must not send us, or a value, into the internal network.
#[tokio::test]
async fn values_go_only_where_the_configuration_says() {
    let setting = Setting::new(PATIENT).await;
    let elsewhere = Stub::start(|_, _| Act::Send(answer(200, "", "fetched"))).await;
    let line = setting.world.line_to_tokenizer();
    let own = line.url();
    let luna = setting.world.luna();
    let api = luna.tokenizer();
    for url in [
        format!("{}/latest/meta-data", elsewhere.url()),
        format!("{}@{}/x", own, elsewhere.address),
        format!("http://user:password@{}", own.trim_start_matches("http://")),
        own.replace("http:", "https:"),
        own.replace("127.0.0.1", "localhost"),
        format!("//{}/x", elsewhere.address),
        "file:///etc/passwd".to_owned(),
        "/blob/x".to_owned(),
        String::new(),
    ] {
        let data = format!(
            r#"{{"tokenId":"{}","uploadUrl":"{url}","downloadUrl":"{url}","headers":{{}}}}"#,
            setting.token.expose_id()
        );
        let body = format!(r#"{{"success":true,"error":{{}},"data":{data}}}"#);
        line.plan(move |_, _| Fault::Instead(Act::Send(json(200, &body))));
        let read = api.detokenize(&setting.session, &setting.token).await;
        let stored = api
            .tokenize(&setting.session, b"v", &Metadata::string())
            .await;
        for error in [read.unwrap_err(), stored.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::BadTokenizerResponse, "{url}");
        }
    }
    assert!(elsewhere.requests().is_empty());
}
