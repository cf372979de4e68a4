//! What the route that redirects refuses, and what it just about takes.

use super::{FRAME, back, frame, no_script, no_state};
use crate::row::{Expected, Request, Row};
use http::Method;

pub(super) fn states() -> Vec<Row> {
    let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    let longest = "s".repeat(256);
    let mut rows = vec![
        Row::new(
            "state of all that is allowed",
            frame(&format!("state={all}")),
            back(all),
        ),
        // The redirect writes a form, in which `~` is escaped.
        Row::new("state with a tilde", frame("state=a~b"), back("a%7Eb")),
        Row::new(
            "the longest state",
            frame(&format!("state={longest}")),
            back(&longest),
        ),
        Row::new(
            "state beside another's name",
            frame("states=x&state=abc&xstate=y"),
            back("abc"),
        ),
        Row::new("state after nothing", frame("&&state=abc&"), back("abc")),
        Row::new(
            "frame_no_state",
            Request::get(FRAME).by("session-abc"),
            no_state(),
        ),
    ];
    for (name, query) in [
        ("an empty query", ""),
        ("frame_state_twice", "state=a&state=b"),
        ("frame_state_object", "state[x]=1"),
        // Express answers 302 to these.
        ("frame_state_empty", "state="),
        (
            "frame_state_special",
            "state=a%20b%2Bc%26d%3D%C3%A9%2F%3F%23%25~*'()!-_.%F0%9F%98%80",
        ),
        ("frame_state_plus", "state=a+b%2Bc"),
        ("frame_state_bad_percent", "state=%ZZ%E9x"),
        // Nobody writes such a state.
        ("state without a value", "state"),
        ("state twice, once without a value", "state=abc&state"),
        ("state twice, once empty", "state=abc&state="),
        ("state in upper case", "STATE=abc"),
        ("state escaped", "state=%61bc"),
        ("its name escaped", "st%61te=abc"),
        ("state with a line end", "state=abc%0d%0aset-cookie:x=1"),
        ("state with NUL", "state=abc%00"),
        ("state with a slash", "state=a/b"),
        ("state with a fragment's sign", "state=abc%23"),
    ] {
        rows.push(Row::new(name, frame(query).by_hand(), no_state()));
    }
    let too_long = format!("state={}", "s".repeat(257));
    rows.push(Row::new("state too long", frame(&too_long), no_state()));
    rows
}

/// `Sec-Fetch-*`: script in a page must not read where the redirect leads.
pub(super) fn scripts() -> Vec<Row> {
    let with = |name, value: &str| frame("state=abc").header(name, value);
    let mut rows = Vec::new();
    for mode in ["navigate", "no-cors", "same-origin", "nested-navigate"] {
        let name = format!("fetch mode {mode}");
        rows.push(Row::new(name, with("sec-fetch-mode", mode), back("abc")));
    }
    for dest in ["document", "iframe", "empty", "frame"] {
        let name = format!("fetch destination {dest}");
        rows.push(Row::new(name, with("sec-fetch-dest", dest), back("abc")));
    }
    for mode in ["cors", "CORS"] {
        let name = format!("fetch mode {mode}");
        rows.push(Row::new(name, with("sec-fetch-mode", mode), no_script()));
    }
    for dest in ["script", "image", "style", "object", "embed", "Image"] {
        let name = format!("fetch destination {dest}");
        rows.push(Row::new(name, with("sec-fetch-dest", dest), no_script()));
    }
    rows.extend([
        Row::new(
            "two fetch modes",
            with("sec-fetch-mode", "navigate").header("sec-fetch-mode", "cors"),
            no_script(),
        ),
        Row::new(
            "a fetch mode that is no text",
            frame("state=abc").header("sec-fetch-mode", b"\xff"),
            no_script(),
        ),
        Row::new(
            "a fetch of a page with nobody logged in and no state",
            Request::get(FRAME).header("sec-fetch-mode", "cors"),
            no_script(),
        ),
        // No answer ever lets another origin read it.
        Row::new(
            "an origin",
            with("origin", "https://evil.example"),
            back("abc"),
        ),
        Row::new(
            "a preflight",
            Request::new(Method::OPTIONS, format!("{FRAME}?state=abc"))
                .header("origin", "https://evil.example")
                .header("access-control-request-method", "GET"),
            Expected::method_not_allowed(),
        ),
    ]);
    rows
}
