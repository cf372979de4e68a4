//! Every recorded response of or for LunaSec's SDK, and the client's verdict: the table of the wire contract.
//! LunaSec's SDK took more than a literal `true` as valid; this client does not.

use crate::support::{self, Act, Nobody, Server, answer, client_of};
use Answer::{Http, Raw};
use Outcome::{Granted, Invalid, Refused, Valid};
use lunadefend_core::{
    ErrorKind::{
        self, BadTokenizerResponse, GrantCreation, TokenizerNotFound, TokenizerRejected,
        TokenizerUnauthorized, TokenizerUnavailable,
    },
    provider::Verdict,
};
use std::time::Duration;

enum Answer {
    /// Status, headers, body.
    Http(u16, &'static str, &'static str),
    /// Bytes, and then the connection is closed.
    Raw(&'static str),
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Valid,
    Invalid,
    Granted,
    Refused(ErrorKind),
}

struct Case {
    name: &'static str,
    answer: Answer,
    verify: Outcome,
    create: Outcome,
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { name: "ok_valid_true", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":{\"valid\":true}}"), verify: Valid, create: Granted },
    Case { name: "ok_valid_false", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":{\"valid\":false}}"), verify: Invalid, create: Granted },
    Case { name: "ok_valid_missing", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":{}}"), verify: Refused(BadTokenizerResponse), create: Granted },
    Case { name: "ok_valid_null", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":{\"valid\":null}}"), verify: Refused(BadTokenizerResponse), create: Granted },
    Case { name: "ok_valid_string_false", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":{\"valid\":\"false\"}}"), verify: Refused(BadTokenizerResponse), create: Granted },
    Case { name: "ok_valid_zero", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":{\"valid\":0}}"), verify: Refused(BadTokenizerResponse), create: Granted },
    Case { name: "200_success_false_valid_true", answer: Http(200, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"name\":\"E\",\"message\":\"m\"},\"data\":{\"valid\":true}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_success_false_data_empty", answer: Http(200, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"name\":\"E\",\"message\":\"m\"},\"data\":{}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_success_false_no_data", answer: Http(200, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"name\":\"E\",\"message\":\"m\"}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_success_missing", answer: Http(200, "content-type: application/json\r\n", "{\"data\":{\"valid\":true}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_success_string_true", answer: Http(200, "content-type: application/json\r\n", "{\"success\":\"no\",\"data\":{\"valid\":true}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_data_null", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":null}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_data_string", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":\"x\"}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_data_array", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":[]}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_json_null", answer: Http(200, "content-type: application/json\r\n", "null"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_json_array", answer: Http(200, "content-type: application/json\r\n", "[]"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_empty_body", answer: Http(200, "content-type: application/json\r\n", ""), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_non_json_html", answer: Http(200, "content-type: text/html\r\n", "<html>captive portal</html>"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_truncated_json", answer: Http(200, "content-type: application/json\r\n", "{\"success\":true,\"data\":{\"valid\":tr"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_json_as_text_plain", answer: Http(200, "content-type: text/plain; charset=utf-8\r\n", "{\"success\":true,\"error\":{},\"data\":{\"valid\":true}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "200_json_with_bom", answer: Http(200, "content-type: application/json\r\n", "\u{feff}{\"success\":true,\"error\":{},\"data\":{\"valid\":true}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "201_valid_true", answer: Http(201, "content-type: application/json\r\n", "{\"success\":true,\"error\":{},\"data\":{\"valid\":true}}"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "204_empty", answer: Http(204, "", ""), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "302_same_host", answer: Http(302, "location: /moved\r\n", ""), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "307_same_host", answer: Http(307, "location: /moved\r\n", ""), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "307_other_host", answer: Http(307, "location: http://localhost:47702/moved\r\n", ""), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "302_loop", answer: Http(302, "location: /loop\r\n", ""), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "304", answer: Http(304, "", ""), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
    Case { name: "400_name_message", answer: Http(400, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"name\":\"TokenizerError\",\"message\":\"x\"}}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_errorName_errorMessage", answer: Http(400, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"errorName\":\"TokenizerError\",\"errorMessage\":\"x\"}}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_name_other", answer: Http(400, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"name\":\"Custom\",\"message\":\"y\",\"code\":\"77\"}}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_error_empty_object", answer: Http(400, "content-type: application/json\r\n", "{\"success\":false,\"error\":{}}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_error_string", answer: Http(400, "content-type: application/json\r\n", "{\"success\":false,\"error\":\"boom\"}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_error_null", answer: Http(400, "content-type: application/json\r\n", "{\"success\":false,\"error\":null}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_no_error_field", answer: Http(400, "content-type: application/json\r\n", "{\"success\":false}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_json_null", answer: Http(400, "content-type: application/json\r\n", "null"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_empty_body", answer: Http(400, "", ""), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "400_go_style_text_plain_json", answer: Http(400, "content-type: text/plain; charset=utf-8\r\n", "{\"success\":false,\"error\":{\"name\":\"TokenizerError\",\"message\":\"x\"},\"data\":null}"), verify: Refused(TokenizerRejected), create: Refused(GrantCreation) },
    Case { name: "401_text_plain", answer: Http(401, "content-type: text/plain; charset=utf-8\r\nx-content-type-options: nosniff\r\n", "Unauthorized\n"), verify: Refused(TokenizerUnauthorized), create: Refused(TokenizerUnauthorized) },
    Case { name: "401_json", answer: Http(401, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"name\":\"TokenizerError\",\"message\":\"no\"}}"), verify: Refused(TokenizerUnauthorized), create: Refused(TokenizerUnauthorized) },
    Case { name: "403_text", answer: Http(403, "content-type: text/plain; charset=utf-8\r\n", "Forbidden"), verify: Refused(TokenizerUnauthorized), create: Refused(TokenizerUnauthorized) },
    Case { name: "404_text_plain", answer: Http(404, "content-type: text/plain; charset=utf-8\r\n", "404 page not found\n"), verify: Refused(TokenizerNotFound), create: Refused(TokenizerNotFound) },
    Case { name: "500_empty", answer: Http(500, "", ""), verify: Refused(TokenizerUnavailable), create: Refused(TokenizerUnavailable) },
    Case { name: "500_json", answer: Http(500, "content-type: application/json\r\n", "{\"success\":false,\"error\":{\"name\":\"TokenizerError\",\"message\":\"db down\"}}"), verify: Refused(TokenizerUnavailable), create: Refused(TokenizerUnavailable) },
    Case { name: "500_text", answer: Http(500, "content-type: text/plain; charset=utf-8\r\n", "Internal Server Error"), verify: Refused(TokenizerUnavailable), create: Refused(TokenizerUnavailable) },
    Case { name: "503_html", answer: Http(503, "content-type: text/html\r\n", "<html>503</html>"), verify: Refused(TokenizerUnavailable), create: Refused(TokenizerUnavailable) },
    Case { name: "not_http", answer: Raw("hello\r\n\r\n"), verify: Refused(TokenizerUnavailable), create: Refused(TokenizerUnavailable) },
    Case { name: "truncated_body", answer: Raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"success\":true,"), verify: Refused(BadTokenizerResponse), create: Refused(BadTokenizerResponse) },
];

#[tokio::test]
async fn every_recorded_answer() {
    for case in CASES {
        let bytes = match case.answer {
            Http(status, headers, body) => answer(status, headers, body),
            Raw(bytes) => bytes.as_bytes().to_vec(),
        };
        let server = Server::answering(bytes).await;
        let client = server.client().max_retries(0).build().unwrap();

        let verify = match support::verify(&client).await {
            Ok(Verdict::Valid) => Valid,
            Ok(Verdict::Invalid) => Invalid,
            Err(error) => Refused(error.kind()),
        };
        assert_eq!(verify, case.verify, "verify: {}", case.name);

        let create = match support::create(&client).await {
            Ok(()) => Granted,
            Err(error) => {
                // The cause is kept, whatever it is.
                assert!(std::error::Error::source(&error).is_some(), "{}", case.name);
                Refused(error.kind())
            }
        };
        assert_eq!(create, case.create, "create: {}", case.name);
        assert_eq!(
            server.requests().len(),
            2,
            "{}: no redirect, no retry",
            case.name
        );
    }
}

/// The recorded cases without a response: the connection is reset, no server listens, no byte arrives.
#[tokio::test]
async fn no_answer_at_all() {
    let reset = Server::start(|_, _| Act::Reset).await;
    let closed = Server::answering(Vec::new()).await;
    let hang = Server::start(|_, _| Act::Hang).await;
    let refused = Nobody::new();

    for url in [&reset.url, &closed.url, &hang.url, &refused.url] {
        let client = client_of(url)
            .deadline(Duration::from_millis(300))
            .build()
            .unwrap();
        let error = support::verify(&client).await.unwrap_err();
        assert_eq!(error.kind(), TokenizerUnavailable, "{url}");
        let error = support::create(&client).await.unwrap_err();
        assert_eq!(error.kind(), TokenizerUnavailable, "{url}");
        assert_eq!(
            (error.name(), error.code()),
            ("tokenizerUnavailable", "503".to_owned())
        );
    }
}
