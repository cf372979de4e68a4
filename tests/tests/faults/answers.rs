//! Every wrong answer, in place of a yes.

use crate::{DEADLINE, PATIENT, Setting, cut};
use lunadefend::ErrorKind;
use lunadefend_tests::{
    Act, Fault, Stub,
    http1::{answer, json},
};

type NamedFault = (&'static str, fn() -> Fault);
/// With how verify and create end.
type Refusal = (&'static str, fn() -> Fault, ErrorKind, ErrorKind);

/// The real answer with one piece replaced and its length put right.
fn edit(bytes: &[u8], from: &str, to: &str) -> Act {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(body.contains(from), "{from} is not in the answer");
    Act::Send(json(200, &body.replacen(from, to, 1)))
}

#[tokio::test]
async fn no_answer() {
    use ErrorKind::TokenizerUnavailable;
    let setting = Setting::new(DEADLINE).await;
    let faults: [NamedFault; 11] = [
        ("reset", || Fault::Instead(Act::Reset(Vec::new()))),
        ("closed", || Fault::Instead(Act::Send(Vec::new()))),
        ("reset after it got through", || {
            Fault::Spoil(|_| Act::Reset(Vec::new()))
        }),
        ("half a head", || {
            Fault::Spoil(|bytes| Act::Send(bytes[..30].to_vec()))
        }),
        ("half a head, then reset", || {
            Fault::Spoil(|bytes| Act::Reset(bytes[..30].to_vec()))
        }),
        ("not HTTP", || {
            Fault::Instead(Act::Send(b"canary\r\n\r\n".to_vec()))
        }),
        ("never answers", || Fault::Instead(Act::Hang)),
        ("never answers, though it got through", || {
            Fault::Spoil(|_| Act::Hang)
        }),
        ("drips from the start", || {
            Fault::Spoil(|bytes| Act::Drip(Vec::new(), bytes))
        }),
        ("drips in the body", || {
            Fault::Spoil(|bytes| {
                let (head, body) = bytes.split_at(bytes.len() - 36);
                Act::Drip(head.to_vec(), body.to_vec())
            })
        }),
        ("stops before the last byte", || {
            Fault::Spoil(|bytes| Act::Drip(cut(bytes, 1), Vec::new()))
        }),
    ];
    for (name, fault) in faults {
        setting
            .assert_fails(name, fault, TokenizerUnavailable)
            .await;
    }
}

#[tokio::test]
async fn answers_that_are_none() {
    use ErrorKind::BadTokenizerResponse;
    let setting = Setting::new(PATIENT).await;
    let faults: [NamedFault; 17] = [
        ("half a body", || {
            Fault::Spoil(|bytes| Act::Send(cut(bytes, 5)))
        }),
        ("half a body, then reset", || {
            Fault::Spoil(|bytes| Act::Reset(cut(bytes, 5)))
        }),
        ("HTML", || {
            let page = "<html>canary</html>";
            Fault::Instead(Act::Send(answer(200, "content-type: text/html\r\n", page)))
        }),
        ("HTML that says it is JSON", || {
            Fault::Instead(Act::Send(json(200, "<html>canary</html>")))
        }),
        ("10 MB", || {
            Fault::Spoil(|bytes| {
                let padded = format!("\"x\":\"{}\",\"success\"", "x".repeat(10 << 20));
                edit(&bytes, "\"success\"", &padded)
            })
        }),
        ("10 MB that were not announced", || {
            Fault::Instead(Act::Send({
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"x\":\"";
                [head.as_bytes(), &vec![b'x'; 10 << 20]].concat()
            }))
        }),
        ("compressed, or so it says", || {
            Fault::Spoil(|bytes| {
                let text = String::from_utf8(bytes).unwrap();
                let encoded = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n";
                Act::Send(text.replacen("HTTP/1.1 200 OK\r\n", encoded, 1).into())
            })
        }),
        ("success twice", || {
            Fault::Spoil(|bytes| {
                let twice = r#""success":false,"success":true"#;
                edit(&bytes, r#""success":true"#, twice)
            })
        }),
        ("data twice", || {
            Fault::Spoil(|bytes| edit(&bytes, r#""data":"#, r#""data":{},"data":"#))
        }),
        ("an array for data", || {
            Fault::Instead(Act::Send(json(
                200,
                r#"{"success":true,"error":{},"data":[true]}"#,
            )))
        }),
        ("an array for all", || {
            Fault::Instead(Act::Send(json(200, r#"[true,{},{"valid":true}]"#)))
        }),
        ("success missing", || {
            Fault::Spoil(|bytes| edit(&bytes, r#""success":true,"#, ""))
        }),
        ("no success", || {
            Fault::Spoil(|bytes| edit(&bytes, "true", "false"))
        }),
        ("a yes that is a text", || {
            Fault::Spoil(|bytes| edit(&bytes, "true", "\"true\""))
        }),
        ("data missing", || {
            Fault::Instead(Act::Send(json(200, r#"{"success":true,"error":{}}"#)))
        }),
        ("something after the end", || {
            Fault::Spoil(|bytes| edit(&bytes, "\"success\"", "\"x\":1}{\"success\""))
        }),
        ("another status", || {
            Fault::Spoil(|bytes| {
                let text = String::from_utf8(bytes).unwrap();
                Act::Send(text.replacen(" 200 OK", " 201 Created", 1).into())
            })
        }),
    ];
    for (name, fault) in faults {
        setting
            .assert_fails(name, fault, BadTokenizerResponse)
            .await;
    }
}

#[tokio::test]
async fn refusals() {
    let setting = Setting::new(PATIENT).await;
    let faults: [Refusal; 6] = [
        (
            "401 as from the original",
            || {
                let unauthorized = "Unauthorized\n";
                let kind = "content-type: text/plain; charset=utf-8\r\n";
                Fault::Instead(Act::Send(answer(401, kind, unauthorized)))
            },
            ErrorKind::TokenizerUnauthorized,
            ErrorKind::TokenizerUnauthorized,
        ),
        (
            "403 of a firewall",
            || Fault::Instead(Act::Send(answer(403, "", "<html>canary"))),
            ErrorKind::TokenizerUnauthorized,
            ErrorKind::TokenizerUnauthorized,
        ),
        (
            "400",
            || Fault::Instead(Act::Send(answer(400, "", "canary"))),
            ErrorKind::TokenizerRejected,
            ErrorKind::GrantCreation,
        ),
        (
            "404",
            || Fault::Instead(Act::Send(answer(404, "", "404 page not found\n"))),
            ErrorKind::TokenizerNotFound,
            ErrorKind::TokenizerNotFound,
        ),
        (
            "500",
            || Fault::Instead(Act::Send(answer(500, "", "canary"))),
            ErrorKind::TokenizerUnavailable,
            ErrorKind::TokenizerUnavailable,
        ),
        (
            "503 for an hour",
            || Fault::Instead(Act::Send(answer(503, "retry-after: 3600\r\n", "canary"))),
            ErrorKind::TokenizerUnavailable,
            ErrorKind::TokenizerUnavailable,
        ),
    ];
    for (name, fault, verify, create) in faults {
        setting.assert_kinds(name, fault, verify, create).await;
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let setting = Setting::new(PATIENT).await;
    let elsewhere = Stub::start(|_, _| {
        let yes = r#"{"success":true,"error":{},"data":{"valid":true}}"#;
        Act::Send(json(200, yes))
    })
    .await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}/grant/verify\r\n", elsewhere.url());
        let redirect = move || answer(status, &location, "");
        let line = setting.world.line_to_tokenizer();
        line.plan(move |_, _| Fault::Instead(Act::Send(redirect())));
        let outcomes = setting.outcomes().await;
        for outcome in [outcomes.verify, outcomes.create] {
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::BadTokenizerResponse);
        }
        assert_eq!(outcomes.status, 502);
    }
    assert!(elsewhere.requests().is_empty());
}
