//! Canaries: tokens, session ids, JWTs, keys, values and URLs are seeded everywhere, and nothing that
//! can be printed or logged contains one.
//!
//! A program of its own, because the loggers are those of the process.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod debug;
mod errors;
mod log;
mod run;

use lunadefend_crypto::base64url;
use lunadefend_tests::{Browser, Page, World, other_key, signing_key};
use secrecy::ExposeSecret;

/// Things that must not be seen, each with what it is.
#[derive(Default)]
struct Canaries(Vec<(String, String)>);

impl Canaries {
    fn add(&mut self, what: &str, canary: &str) {
        assert!(
            canary.len() >= 6,
            "{what} is too short to be found by accident"
        );
        self.0.push((what.to_owned(), canary.to_owned()));
    }

    /// A token: all of it, and the parts by which it could be found.
    fn add_token(&mut self, id: &str) {
        self.add("a token", id);
        let uuid = id.strip_prefix("lunasec-").unwrap();
        let (_, last) = uuid.rsplit_once('-').unwrap();
        self.add("the end of a token", last);
        self.add("the beginning of a token", &uuid[..13]);
    }

    /// The secrets of the whole program.
    fn add_keys(&mut self) {
        for key in [signing_key(), other_key()] {
            for line in key.pem.expose_secret().lines() {
                if !line.starts_with("-----") {
                    self.add("a signing key", &line[..line.len().min(40)]);
                }
            }
        }
        // How headers and claims begin; `eyJ` alone is sometimes found in noise.
        for start in [r#"{"alg""#, r#"{"typ""#, r#"{"iat""#, r#"{"session_"#] {
            self.add("a JWT", &base64url(start.as_bytes())[..8]);
        }
    }

    /// What went over the lines of a world and into a browser.
    fn add_traffic(&mut self, world: &World, browser: &Browser) {
        self.add("the master key", world.tokenizer.master_key.expose_secret());
        for request in world.line_to_tokenizer().requests() {
            let body = serde_json::from_slice::<serde_json::Value>(&request.body);
            let body = body.unwrap_or_default();
            if let Some(id) = body["sessionId"].as_str() {
                self.add("a session id on the wire", id);
            }
            if let Some(id) = body["tokenId"].as_str() {
                self.add_token(id);
            }
            if let Some(url) = request.path().strip_prefix("/blob/") {
                self.add("a signed URL", url);
            }
            if let Some((_, signature)) = request.header("authorization").rsplit_once('.') {
                self.add("the signature of a JWT", &signature[..40]);
            }
        }
        for (name, value) in browser.cookies(&world.tokenizer.url).unwrap() {
            self.add(&format!("the cookie {name}"), &value);
        }
    }

    /// What an answer to a browser carries.
    fn add_page(&mut self, page: &Page) {
        let location = page.header("location");
        for parameter in location.split(['?', '&']).skip(1) {
            let (name, value) = parameter.split_once('=').unwrap();
            self.add(name, value);
        }
        for cookie in page.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if !value.is_empty() {
                self.add(&format!("the cookie {name}"), value);
            }
        }
    }

    /// Where they are in a text, each line once.
    fn find(&self, from: &str, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for line in text.lines() {
            let seen = self.0.iter().find(|(_, canary)| line.contains(canary));
            found.extend(seen.map(|(what, _)| format!("{from} shows {what}: {line}")));
        }
        found
    }

    /// None of them is in any of these texts, which have names.
    #[track_caller]
    fn assert_absent<'a>(&self, texts: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let found: Vec<_> = texts
            .into_iter()
            .flat_map(|(from, text)| self.find(from, text))
            .collect();
        let shown = found.iter().take(20).map(String::as_str);
        assert!(
            found.is_empty(),
            "{} times:\n{}",
            found.len(),
            shown.collect::<Vec<_>>().join("\n")
        );
    }
}
