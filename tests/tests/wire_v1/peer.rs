//! A peer of level 1: sends what was recorded, byte for byte, to a real tokenizer of ours.

use crate::HEADER;
use lunadefend_core::provider::Clock as _;
use lunadefend_tests::{
    World,
    http1::{Message, exchange},
    sign, signing_key,
};

pub(crate) const SESSION: &str = "5d3c1f0e-8a52-4a30-9f7e-0d5b6c2f1a11";
pub(crate) const OTHER_SESSION: &str = "b1e0a7c4-2f2f-4c59-8a0c-9d2d1b7e4f22";

/// Whose JWT a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    Application,
    Developer,
    /// The user of a session.
    User(&'static str),
}

pub(crate) struct Peer {
    pub(crate) world: World,
}

impl Peer {
    pub(crate) async fn start() -> Self {
        Self {
            world: World::start().await,
        }
    }

    /// The claims as recorded, with times around now.
    fn authorization(&self, who: Who) -> String {
        let (subject, session) = match who {
            Who::Nobody => return String::new(),
            Who::Application => ("application", "NULL"),
            Who::Developer => ("developer", "NULL"),
            Who::User(session) => ("user", session),
        };
        let now = self.world.clock.unix_millis().get() / 1000;
        let claims = format!(
            r#"{{"iat":{now},"iss":"node-sdk","aud":"secure-frame","exp":{},"sub":"{subject}","session_id":"{session}"}}"#,
            now + 900
        );
        let jwt = sign(&signing_key().key, HEADER, &claims);
        format!("authorization: {jwt}\r\n")
    }

    /// Sends a request with these headers (each line ended).
    pub(crate) async fn send(&self, who: Who, start: &str, headers: &str, body: &[u8]) -> Message {
        let address = self.world.tokenizer.address;
        let head = format!(
            "{start} HTTP/1.1\r\nAccept: application/json, text/plain, */*\r\n{headers}{}User-Agent: axios/0.21.4\r\nContent-Length: {}\r\nHost: {address}\r\nConnection: close\r\n\r\n",
            self.authorization(who),
            body.len(),
        );
        exchange(address, &[head.as_bytes(), body].concat()).await
    }

    pub(crate) async fn post(&self, who: Who, path: &str, body: &str) -> Message {
        let json = "Content-Type: application/json\r\n";
        self.send(who, &format!("POST {path}"), json, body.as_bytes())
            .await
    }
}

/// The message of a failure in our envelope, which says it in the four members that anybody reads.
#[track_caller]
pub(crate) fn message(answer: &Message) -> String {
    assert_eq!(answer.header("content-type"), "application/json");
    let json = answer.json();
    assert_eq!(json["success"], false);
    let error = &json["error"];
    assert_eq!(error["errorName"], "TokenizerError");
    assert_eq!(error["name"], "TokenizerError");
    assert_eq!(error["message"], error["errorMessage"]);
    error["message"].as_str().unwrap().to_owned()
}
