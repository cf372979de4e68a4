//! What came back, made comparable, and what is wrong with it, made fit to be printed.

use crate::row::{Expected, Request};
use http::{HeaderMap, Method};
use lunadefend_tests::{decode, signing_key};
use std::collections::BTreeMap;

/// The headers that nobody compares: the time, and whether the connection stays open.
pub(crate) const IGNORED: &[&str] = &["date", "connection"];

/// The answer of one adapter to one row.
pub(crate) struct Answer {
    status: u16,
    headers: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(request: &Request, status: u16, headers: &HeaderMap, body: Vec<u8>) -> Self {
        let mut by_name = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in headers {
            // Where there never is a body, frameworks differ on whether to say that it is empty.
            let bodiless = request.method == Method::HEAD || status == 304;
            let length_of_nothing = bodiless && name == "content-length" && value == "0";
            if !IGNORED.contains(&name.as_str()) && !length_of_nothing {
                let text = String::from_utf8_lossy(value.as_bytes());
                let values = by_name.entry(name.as_str().to_owned()).or_default();
                values.push(without_jwt(&text));
            }
        }
        Self {
            status,
            headers: by_name,
            body,
        }
    }

    pub(crate) const fn is_failure(&self) -> bool {
        self.status >= 500
    }

    /// What is not as the table has it.
    pub(crate) fn against(&self, expected: &Expected) -> Vec<String> {
        let mut found = Vec::new();
        compare(&mut found, "status", &self.status, &expected.status);
        if expected.by_framework {
            return found;
        }
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in &expected.headers {
            let values = headers.entry((*name).to_owned()).or_default();
            values.push(value.clone());
        }
        if !(expected.status == 304 || expected.head && expected.body.is_empty()) {
            let length = expected.body.len().to_string();
            headers.insert("content-length".to_owned(), vec![length]);
        }
        compare_headers(&mut found, &self.headers, &headers);
        let body = if expected.head { &[] } else { &*expected.body };
        compare(&mut found, "body", &text(&self.body), &text(body));
        found
    }

    /// What is not as another adapter has it.
    pub(crate) fn beside(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        compare(&mut found, "status", &self.status, &other.status);
        compare_headers(&mut found, &self.headers, &other.headers);
        compare(&mut found, "body", &text(&self.body), &text(&other.body));
        found
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

fn compare_headers(
    found: &mut Vec<String>,
    got: &BTreeMap<String, Vec<String>>,
    wanted: &BTreeMap<String, Vec<String>>,
) {
    let names: std::collections::BTreeSet<_> = got.keys().chain(wanted.keys()).collect();
    for name in names {
        let (got, wanted) = (got.get(name), wanted.get(name));
        compare(found, &format!("header {name}"), &got, &wanted);
    }
}

pub(crate) fn compare<T: PartialEq + std::fmt::Debug>(
    found: &mut Vec<String>,
    field: &str,
    got: &T,
    wanted: &T,
) {
    if got != wanted {
        let line = format!("{field}: got {got:?}, not {wanted:?}");
        found.push(redacted(&line));
    }
}

/// Verifies the JWT of a redirect and writes what it says in its place, as the recordings do. What is
/// random in it is only named.
fn without_jwt(value: &str) -> String {
    let Some((before, jwt)) = value.split_once("openid_token=") else {
        return value.to_owned();
    };
    let decoded = decode(jwt);
    if !decoded.is_signed_by(signing_key().key.public_key()) {
        return format!("{before}openid_token=<JWT with a wrong signature>");
    }
    let mut claims = decoded.claims.clone();
    if let Some(jti) = decoded.claim("jti").as_str() {
        claims = claims.replace(jti, "RANDOM");
    }
    format!(
        "{before}openid_token=<JWT header={} claims={claims}>",
        decoded.header
    )
}

/// A text without the tokens and JWTs that are in it.
fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut word = String::new();
    let end = std::iter::once(' ');
    for letter in text.chars().chain(end) {
        if letter.is_ascii_alphanumeric() || "-_.".contains(letter) {
            word.push(letter);
            continue;
        }
        shown.push_str(match word.as_str() {
            jwt if jwt.contains("eyJ") => "<JWT>",
            token if token.contains("lunasec-") && token.len() > "lunasec-".len() => "<token>",
            word => word,
        });
        word.clear();
        shown.push(letter);
    }
    shown.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_tests::sign;

    const TOKEN: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Answer::new(
            &Request::get("/"),
            status,
            &HeaderMap::from_iter(headers),
            body.into(),
        )
    }

    #[test]
    fn every_field_that_differs_is_named_and_nothing_secret_is_shown() {
        let jwt = sign(&signing_key().key, r#"{"alg":"RS256"}"#, "{}");
        let expected = Expected::new(200, &[("etag", "a"), ("vary", "x")], TOKEN);
        let headers = [("etag", "b"), ("allow", &*jwt), ("date", "today")];
        let found = answer(404, &headers, &format!("{{\"{TOKEN}\":\"{jwt}\"}}")).against(&expected);
        let text = found.join("\n");
        for field in [
            "status: got 404",
            "header allow",
            "header content-length",
            "header etag",
            "header vary",
            "body",
        ] {
            assert!(text.contains(field), "{field}: {text}");
        }
        assert_eq!(found.len(), 6, "{text}");
        assert!(
            !text.contains("0a1b2c3d") && !text.contains("eyJ"),
            "{text}"
        );
    }

    #[test]
    fn adapters_are_compared_with_each_other() {
        let one = answer(200, &[("content-length", "1"), ("date", "today")], "a");
        let same = answer(200, &[("content-length", "1"), ("date", "later")], "a");
        assert_eq!(one.beside(&same), [""; 0]);
        let other = answer(201, &[("content-length", "2")], "b");
        assert_eq!(one.beside(&other).len(), 3);
    }

    #[test]
    fn a_jwt_is_verified_and_told() {
        let claims = r#"{"sub":"user","jti":"4711"}"#;
        let jwt = sign(&signing_key().key, r#"{"alg":"RS256"}"#, claims);
        assert_eq!(
            without_jwt(&format!("http://t/?openid_token={jwt}")),
            r#"http://t/?openid_token=<JWT header={"alg":"RS256"} claims={"sub":"user","jti":"RANDOM"}>"#
        );
        let stranger = sign(&lunadefend_tests::other_key().key, "{}", claims);
        assert_eq!(
            without_jwt(&format!("http://t/?openid_token={stranger}")),
            "http://t/?openid_token=<JWT with a wrong signature>"
        );
    }
}
