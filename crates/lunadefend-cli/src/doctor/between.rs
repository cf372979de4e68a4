//! Recognises responses that are not the tokenizer's: names the server in between, with advice.

use http::{StatusCode, header};
use lunadefend_http::{HttpError, Response};
use serde_json::Value;
use url::Url;

/// Returns why a response of `/health` at `at` is not that of a healthy tokenizer.
pub(super) fn health(at: &str, answer: &Response) -> Option<String> {
    let success = envelope(&answer.body);
    let status = answer.status.as_u16();
    if answer.status == StatusCode::OK {
        return (success != Some(true)).then(|| {
            format!("what answers at {at} is not a tokenizer, a log-in page perhaps: TOKENIZER_URL must be the tokenizer, and what is in front of it must let this application through without a log-in")
        });
    }
    if let Some(text) = other(at, answer) {
        return Some(text);
    }
    Some(match (status, success) {
        (404, Some(_)) => format!(
            "a tokenizer answers at {at}, and is asked for another path than /health: the path in TOKENIZER_URL and the proxy's rule for it do not fit (in nginx `location /x/` and `proxy_pass http://tokenizer/;` both end in a slash)"
        ),
        (404, None) => format!(
            "{at} answers 404 to /health: TOKENIZER_URL must be the URL of the tokenizer; when it has a path, look at the proxy's rule for it"
        ),
        (400, None) if at.starts_with("http:") => format!(
            "{at} answers 400 to /health: TOKENIZER_URL must start with https:// when TLS is spoken there"
        ),
        (503, Some(false)) => format!(
            "{at} answers 503 to /health in the tokenizer's form: it is not well, and its log says why, or it is not running and a proxy says so"
        ),
        _ => format!(
            "{at} answers {status} to /health: TOKENIZER_URL must be the URL of the tokenizer"
        ),
    })
}

/// Returns why the response from `at` is incomplete, unless the connection failed.
pub(super) fn unread(at: &str, error: &HttpError) -> Option<String> {
    let HttpError::Encoded { .. } = error else {
        return None;
    };
    Some(format!(
        "{at} answers compressed, though nobody asked for that: turn compression off for it in what is in front (nginx: gzip off)"
    ))
}

/// Returns what the status alone reveals about a server in front of `at`.
pub(super) fn other(at: &str, answer: &Response) -> Option<String> {
    let status = answer.status.as_u16();
    let is_ours = envelope(&answer.body).is_some();
    match status {
        301 | 302 | 303 | 307 | 308 => Some(redirect(at, answer)),
        401 | 407 if !is_ours => Some(format!(
            "something in front of {at} asks for a log-in ({status}): let this application through without one"
        )),
        403 if !is_ours => Some(format!(
            "something in front of {at} refuses this application (403), a firewall perhaps: let it through"
        )),
        502..=504 if !is_ours => Some(format!(
            "a proxy answers {status} at {at}, and what is behind it does not: is that running, and does the proxy lead to it?"
        )),
        _ => None,
    }
}

/// Describes a redirect. It names only the origin of the target: the rest may hold a secret.
fn redirect(at: &str, answer: &Response) -> String {
    let status = answer.status.as_u16();
    let from = Url::parse(at).ok();
    let target = answer
        .headers
        .get(header::LOCATION)
        .and_then(|location| from.as_ref()?.join(location.to_str().ok()?).ok())
        .filter(|target| target.has_host() && target.scheme().starts_with("http"));
    let (Some(from), Some(target)) = (from, target) else {
        return format!(
            "{at} answers {status}, a redirect to nowhere: its URL must be that of the program itself"
        );
    };
    let origin = target.origin().ascii_serialization();
    if target.origin() == from.origin() {
        return format!(
            "{at} redirects to another path of its own ({status}), which is not followed: a log-in page, or a path too much or too little in its URL"
        );
    }
    if target.host() == from.host() && target.scheme() == "https" {
        return format!(
            "{at} redirects to {origin} ({status}), which is not followed: write that as its URL"
        );
    }
    format!(
        "{at} redirects to {origin} ({status}), which is not followed: write that as its URL if it is there, and if it is a log-in let this application through without one"
    )
}

/// Returns the `success` of a tokenizer's envelope; `None` for any other body.
fn envelope(body: &[u8]) -> Option<bool> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.as_object()?.get("success")?.as_bool()
}
