//! A running quickstart, and raw HTTP to speak to it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use lunadefend_testing::http::exchange_parts;
use std::{
    io::{BufRead, BufReader, Lines, Read},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

/// Signing keys as people put them into the environment.
pub(crate) struct Keys(PathBuf);

impl Keys {
    pub(crate) fn new() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        Self(root.join("../../crates/lunadefend-crypto/tests/fixtures"))
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub(crate) fn good(&self) -> Vec<(&'static str, String)> {
        let openssh = self.read("rsa2048.openssh");
        vec![
            (
                "OpenSSH as base64, the documented recipe",
                STANDARD.encode(&openssh),
            ),
            ("OpenSSH as it is", openssh.clone()),
            (
                "OpenSSH with escaped line ends",
                openssh.replace('\n', "\\n"),
            ),
            ("PKCS#1 PEM", self.read("rsa2048.pkcs1.pem")),
            (
                "PKCS#8 PEM as base64url",
                URL_SAFE_NO_PAD.encode(self.read("rsa2048.pkcs8.pem")),
            ),
            (
                "OpenSSH, 3072 bits",
                STANDARD.encode(self.read("rsa3072.openssh")),
            ),
        ]
    }

    /// What it is, the text, and words that the error must have.
    pub(crate) fn bad(&self) -> Vec<(&'static str, String, &'static str)> {
        let pem = self.read("rsa2048.pkcs8.pem");
        vec![
            ("not base64", "not base64 at all!".to_owned(), "base64"),
            ("truncated", pem[..pem.len() / 2].to_owned(), "truncated"),
            (
                "encrypted",
                self.read("rsa2048.encrypted.pkcs8.pem"),
                "encrypted",
            ),
            ("a public key", self.read("rsa2048.spki.pem"), "public key"),
            ("a certificate", self.read("certificate.pem"), "certificate"),
            ("not RSA", self.read("ed25519.openssh"), "Ed25519"),
            ("too short", self.read("rsa1024.pkcs8.pem"), "1024"),
        ]
    }
}

/// `quickstart --serve`, until it is dropped.
pub(crate) struct Quickstart {
    child: Child,
    pub(crate) app: String,
    pub(crate) tokenizer: String,
    log: tempfile::NamedTempFile,
    /// Kept open: what the process prints must go somewhere.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Quickstart {
    pub(crate) fn serve(environment: &[(&str, &str)]) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_quickstart"))
            .arg("--serve")
            .env_remove("TOKENIZER_URL")
            .env_remove("LUNASEC_SIGNING_KEY")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = || {
            let line = lines.next().unwrap().unwrap();
            line.rsplit_once("http://").unwrap().1.to_owned()
        };
        let (app, tokenizer) = (address(), address());
        Self {
            child,
            app,
            tokenizer,
            log,
            _stdout: lines,
        }
    }

    /// The cookie of a new session.
    pub(crate) fn log_in(&self, user: &str) -> String {
        let request = post("/login", "", &format!("{{\"user\":\"{user}\"}}"));
        let (status, head, _) = exchange(&self.app, &request);
        assert_eq!(status, 200);
        cookie(&head)
    }

    /// Walks through the life of a token and runs into errors. Gives what must not be in a log.
    pub(crate) fn make_traffic_with_every_error(&mut self) -> Vec<(&'static str, String)> {
        let app_cookie = self.log_in("user-1");
        let (_, ensured, _) = exchange(&self.tokenizer, "GET /session/ensure HTTP/1.1\r\n\r\n");
        let state_cookie = cookie(&ensured);
        let frame = path(header(&ensured, "location"));
        let get = |target: &str, cookies: &str| {
            format!("GET {target} HTTP/1.1\r\ncookie: {cookies}\r\n\r\n")
        };
        let (_, framed, _) = exchange(&self.app, &get(&frame, &app_cookie));
        let create = path(header(&framed, "location"));
        let (status, created, _) = exchange(&self.tokenizer, &get(&create, &state_cookie));
        assert_eq!(status, 200);
        let session_cookie = cookie(&created);
        // The same once more: a replay is refused.
        assert_eq!(
            exchange(&self.tokenizer, &get(&create, &state_cookie)).0,
            400
        );

        let origin = format!(
            "origin: http://{}\r\nlunadefend-page-session: none\r\ncookie: {session_cookie}",
            self.tokenizer
        );
        let frame_post = |target: &str, body: &str| {
            let head =
                format!("POST {target} HTTP/1.1\r\ncontent-type: application/json\r\n{origin}\r\n");
            format!("{head}content-length: {}\r\n\r\n{body}", body.len())
        };
        let (_, _, made) = exchange(
            &self.tokenizer,
            &frame_post(
                "/tokenize",
                "{\"metadata\":{\"filename\":\"canary-filename\"}}",
            ),
        );
        let token = member(&made, "tokenId");
        let upload = path(&member(&made, "uploadUrl"));
        let value = "canary-value-078051120";
        let put = format!(
            "PUT {upload} HTTP/1.1\r\ncontent-length: {}\r\n\r\n{value}",
            value.len()
        );
        assert_eq!(exchange(&self.tokenizer, &put).0, 200);
        assert_eq!(exchange(&self.tokenizer, &put).0, 409);
        let body = format!("{{\"ssn_token\":\"{token}\"}}");
        assert_eq!(
            exchange(&self.app, &post("/set-ssn", &app_cookie, &body)).0,
            200
        );
        assert_eq!(exchange(&self.app, &get("/get-ssn", &app_cookie)).0, 200);
        let ask = frame_post("/detokenize", &format!("{{\"tokenId\":\"{token}\"}}"));
        let download = path(&member(&exchange(&self.tokenizer, &ask).2, "downloadUrl"));
        assert_eq!(exchange(&self.tokenizer, &get(&download, "")).2, value);

        let thief = self.log_in("user-2");
        assert_eq!(exchange(&self.app, &post("/set-ssn", &thief, &body)).0, 401);
        for bad in [
            "{\"ssn_token\":\"canary-malformed\"}",
            "{\"canary-malformed\":1}",
            "canary-malformed",
        ] {
            assert_eq!(
                exchange(&self.app, &post("/set-ssn", &app_cookie, bad)).0,
                400
            );
            assert_eq!(
                exchange(&self.tokenizer, &frame_post("/detokenize", bad)).0,
                400
            );
        }
        assert_eq!(
            exchange(
                &self.app,
                &get("/.lunasec/secure-frame?state=canary+malformed", &app_cookie)
            )
            .0,
            400
        );
        let forged = "POST /grant/set HTTP/1.1\r\nauthorization: canary-malformed\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(exchange(&self.tokenizer, forged).0, 401);
        assert_eq!(
            exchange(
                &self.app,
                &post("/set-ssn", &app_cookie, &"canary-malformed".repeat(300_000))
            )
            .0,
            413
        );

        let value_of = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
        vec![
            ("the application's session id", value_of(&app_cookie)),
            ("the thief's session id", value_of(&thief)),
            ("the state", value_of(&state_cookie)),
            ("the tokenizer's session", value_of(&session_cookie)),
            (
                "the transfer JWT",
                create.rsplit_once('=').unwrap().1.to_owned(),
            ),
            ("the token", token),
            ("the upload URL", upload),
            ("the download URL", download),
            ("the value", value.to_owned()),
            ("the metadata", "canary-filename".to_owned()),
            ("malformed input", "canary-malformed".to_owned()),
        ]
    }

    pub(crate) fn stop_and_read_log(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut log = String::new();
        self.log.reopen().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn post(target: &str, cookie: &str, body: &str) -> String {
    format!(
        "POST {target} HTTP/1.1\r\ncontent-type: application/json\r\ncookie: {cookie}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request, whose head lacks `host` and `connection`; gives status, head and body.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn exchange(address: &str, request: &str) -> (u16, String, String) {
    let common = format!(" HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    let request = request.replacen(" HTTP/1.1\r\n", &common, 1);
    let answer = exchange_parts(address, &[request.as_bytes()]).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), head.to_owned(), body.to_owned())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .unwrap_or_else(|| panic!("no {name} in {head}"))
}

fn cookie(head: &str) -> String {
    header(head, "set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned()
}

/// The path and query of a URL.
fn path(url: &str) -> String {
    let after = url.split_once("://").unwrap().1;
    after[after.find('/').unwrap()..].to_owned()
}

fn member(json: &str, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    json["data"][name].as_str().unwrap().to_owned()
}
