//! Requests that are prepared but for tokens and random identifiers.

use crate::job::{READER, Request, WRITER};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// A part of a request.
enum Piece {
    Text(String),
    /// One of the store's tokens.
    Token,
    /// 16 bytes in base64url that no other request has.
    Unique,
}

/// How long a token is: `lunasec-` and a UUID.
pub(super) const TOKEN: usize = 44;
/// How long 16 bytes are in base64url.
const UNIQUE: usize = 22;

/// What is the same in each request of a kind.
pub(super) struct Template {
    pieces: Vec<Piece>,
    /// What each answer has, and how often.
    pub(super) expected: (&'static str, usize),
}

/// How the JWT is written into a request.
pub(super) struct Jwts {
    pub(super) application: String,
    pub(super) user: String,
}

impl Template {
    pub(super) fn new(request: Request, host: &str, jwts: &Jwts) -> Self {
        let text = |text: &str| Piece::Text(text.to_owned());
        let application = &jwts.application;
        let (path, jwt, body, expected) = match request {
            Request::VerifyLevel1 => {
                let body = vec![
                    Piece::Text(format!(r#"{{"sessionId":"{READER}","tokenId":""#)),
                    Piece::Token,
                    text(r#""}"#),
                ];
                ("/grant/verify", application, body, (r#""valid":true"#, 1))
            }
            Request::Verify(tokens) => (
                "/v2/grants/verify",
                application,
                batch(READER, tokens),
                (r#""valid":true"#, tokens),
            ),
            Request::Set(tokens) => (
                "/v2/grants/set",
                application,
                batch(WRITER, tokens),
                (r#""granted":true"#, tokens),
            ),
            Request::Tokenize => {
                // A card number of sixteen digits, in base64.
                let body =
                    r#"{"value":"NDExMTExMTExMTExMTExMQ==","metadata":{"dataType":"string"}}"#;
                let expected = (r#""tokenId":"lunasec-"#, 1);
                ("/v2/tokenize", &jwts.user, vec![text(body)], expected)
            }
            Request::TokenizeLater | Request::TokenizeUrl => {
                let body = vec![text(r#"{"metadata":{"dataType":"string"}}"#)];
                ("/tokenize", &jwts.user, body, (r#""uploadUrl":""#, 1))
            }
            Request::Detokenize => {
                let body = vec![
                    text(r#"{"tokenIds":[""#),
                    Piece::Token,
                    text(r#""],"readId":""#),
                    Piece::Unique,
                    text(r#""}"#),
                ];
                let value = r#""value":"NDExMTExMTExMTExMTExMQ==""#;
                ("/v2/detokenize", &jwts.user, body, (value, 1))
            }
            Request::DetokenizeUrl => {
                let body = vec![text(r#"{"tokenId":""#), Piece::Token, text(r#""}"#)];
                ("/detokenize", &jwts.user, body, (r#""downloadUrl":""#, 1))
            }
        };
        let length: usize = body.iter().map(Piece::len).sum();
        let mut pieces = vec![Piece::Text(format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: {jwt}\r\naccept: application/json\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n"
        ))];
        if request == Request::Tokenize {
            pieces.extend([text("idempotency-key: "), Piece::Unique, text("\r\n")]);
        }
        pieces.push(text("\r\n"));
        pieces.extend(body);
        Self { pieces, expected }
    }

    /// Writes a request. `number` is one that no other request of the process has, and `salt` one that no other process
    /// has.
    pub(super) fn write(&self, request: &mut Vec<u8>, tokens: &[String], number: u64, salt: u64) {
        request.clear();
        // Neighbours in time are no neighbours in the store.
        let mut token = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => request.extend_from_slice(text.as_bytes()),
                Piece::Token => {
                    request.extend_from_slice(tokens[token % tokens.len()].as_bytes());
                    token = token.wrapping_add(1);
                }
                Piece::Unique => {
                    let mut bytes = [0; 16];
                    bytes[..8].copy_from_slice(&salt.to_be_bytes());
                    bytes[8..].copy_from_slice(&number.to_be_bytes());
                    request.extend_from_slice(BASE64_URL_SAFE_NO_PAD.encode(bytes).as_bytes());
                }
            }
        }
    }
}

impl Piece {
    const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Token => TOKEN,
            Self::Unique => UNIQUE,
        }
    }
}

/// The body of a batch.
fn batch(session: &str, tokens: usize) -> Vec<Piece> {
    let mut pieces = vec![
        Piece::Text(r#"{"batchId":""#.to_owned()),
        Piece::Unique,
        Piece::Text(r#"","items":["#.to_owned()),
    ];
    for index in 0..tokens {
        let comma = if index == 0 { "" } else { "," };
        pieces.extend([
            Piece::Text(format!(r#"{comma}{{"sessionId":"{session}","tokenId":""#)),
            Piece::Token,
            Piece::Text(r#""}"#.to_owned()),
        ]);
    }
    pieces.push(Piece::Text("]}".to_owned()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_core::wire::{BATCH, GrantBatch, REQUEST, ValuesRead, from_slice};

    fn written(request: Request, number: u64) -> (String, Vec<u8>) {
        let jwts = Jwts {
            application: "application".to_owned(),
            user: "user".to_owned(),
        };
        let tokens = ["1111", "2222", "3333"]
            .map(|part| format!("lunasec-0a1b2c3d-{part}-4222-8333-444455556666"));
        assert_eq!(tokens[0].len(), TOKEN);
        let mut bytes = Vec::new();
        Template::new(request, "localhost:1", &jwts).write(&mut bytes, &tokens, number, 7);
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(&bytes).unwrap() else {
            panic!("half a head");
        };
        let header = |name: &str| {
            let header = head.headers.iter().find(|one| one.name == name)?;
            Some(String::from_utf8(header.value.to_vec()).unwrap())
        };
        let body = bytes[length..].to_vec();
        let announced = header("content-length").unwrap();
        assert_eq!(announced, body.len().to_string(), "{request:?}");
        (header("idempotency-key").unwrap_or_default(), body)
    }

    #[test]
    fn our_own_reader_takes_each_body() {
        for tokens in [1, 100] {
            let (_, body) = written(Request::Verify(tokens), 1);
            let batch: GrantBatch = from_slice(&body, BATCH).unwrap();
            assert_eq!(batch.items.len(), tokens);
            assert!(batch.items.iter().all(|item| item.ids().is_some()));
        }
        let (_, body) = written(Request::Detokenize, 1);
        from_slice::<ValuesRead>(&body, REQUEST).unwrap();
        for request in [
            Request::VerifyLevel1,
            Request::Set(1),
            Request::TokenizeLater,
            Request::DetokenizeUrl,
        ] {
            written(request, 1);
        }
    }

    #[test]
    fn no_two_requests_have_one_identifier() {
        let key = |number| written(Request::Tokenize, number).0;
        assert_eq!(key(1).len(), UNIQUE);
        assert_ne!(key(1), key(2));
        assert_ne!(
            written(Request::Verify(1), 1).1,
            written(Request::Verify(1), 2).1
        );
    }
}
