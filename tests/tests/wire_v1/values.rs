//! A value in and out, as peers of level 1 do it: `go-tokenizer/tokenize`, `detokenize` and
//! `metadata_get`.

use crate::peer::{OTHER_SESSION, Peer, SESSION, Who, message};

const NO_GRANT: &str = "session does not have valid token grant available to detokenize";

/// One user's session and another's.
#[tokio::test]
async fn the_life_of_a_value() {
    let peer = Peer::start().await;
    let metadata = r#"{"dataType":"files","fileinfo":{"filename":"a b.pdf","lastModified":1600000000000,"options":{},"type":"application/pdf"}}"#;
    let body = format!(r#"{{"metadata":{metadata}}}"#);
    let answer = peer
        .post(Who::User(SESSION), "/tokenize", &body)
        .await
        .json();
    let data = &answer["data"];
    let token = data["tokenId"].as_str().unwrap();
    assert_eq!((token.len(), token.starts_with("lunasec-")), (44, true));
    assert!(data["headers"].is_object());
    let upload = data["uploadUrl"].as_str().unwrap();
    let path = upload.strip_prefix(&peer.world.tokenizer.url).unwrap();
    let put = format!("PUT {path}");
    let text = "Content-Type: text/plain\r\n";
    let answer = peer.send(Who::Nobody, &put, text, b"078051120").await;
    assert_eq!(answer.status(), 200);

    let request = format!(r#"{{"tokenId":"{token}"}}"#);
    let detokenize = async |session| peer.post(Who::User(session), "/detokenize", &request).await;
    // own_session_auto_grant, other_session_no_grant, other_session_with_grant
    assert_eq!(detokenize(SESSION).await.status(), 200);
    assert_eq!(message(&detokenize(OTHER_SESSION).await), NO_GRANT);
    let grant = format!(r#"{{"sessionId":"{OTHER_SESSION}","tokenId":"{token}"}}"#);
    peer.post(Who::Application, "/grant/set", &grant).await;
    let answer = detokenize(OTHER_SESSION).await.json();
    let download = answer["data"]["downloadUrl"].as_str().unwrap();
    let path = download.strip_prefix(&peer.world.tokenizer.url).unwrap();
    let answer = peer
        .send(Who::Nobody, &format!("GET {path}"), "", b"")
        .await;
    assert_eq!(answer.text(), "078051120");
    // ok_file, byte for byte; the original sorts its members
    let answer = peer
        .post(Who::User(SESSION), "/metadata/get", &request)
        .await;
    let expected = format!(r#"{{"success":true,"error":{{}},"data":{{"metadata":{metadata}}}}}"#);
    assert_eq!(answer.text(), expected);
}
