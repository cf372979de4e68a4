//! What the route that redirects refuses, and what it just about takes.

use super::{FRAME, back, frame, no_fetch, no_state};
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

/// `Sec-Fetch-*`: a no-cors fetch and nothing else, where the browser says what it is. Whatever else a page
/// can send, its script can read where it was led.
pub(super) fn fetches() -> Vec<Row> {
    let with = |name, value: &str| frame("state=abc").header(name, value);
    let fetch = || with("sec-fetch-mode", "no-cors").header("sec-fetch-dest", "empty");
    let mut rows = vec![
        Row::new("a no-cors fetch", fetch(), back("abc")),
        Row::new(
            "a browser that tells the mode alone",
            with("sec-fetch-mode", "no-cors"),
            back("abc"),
        ),
        Row::new(
            "a browser that tells the destination alone",
            with("sec-fetch-dest", "empty"),
            back("abc"),
        ),
    ];
    for mode in [
        "cors",
        "navigate",
        "nested-navigate",
        "same-origin",
        "websocket",
        "No-Cors",
        "no-cors, no-cors",
        "",
    ] {
        let request = frame("state=abc")
            .header("sec-fetch-dest", "empty")
            .header("sec-fetch-mode", mode);
        rows.push(Row::new(
            format!("fetch mode {mode:?}"),
            request,
            no_fetch(),
        ));
    }
    for dest in [
        "document", "iframe", "frame", "script", "image", "style", "object", "embed", "Empty", "",
    ] {
        let request = frame("state=abc")
            .header("sec-fetch-mode", "no-cors")
            .header("sec-fetch-dest", dest);
        let name = format!("fetch destination {dest:?}");
        rows.push(Row::new(name, request, no_fetch()));
    }
    // After a detour browsers differ in what they call it.
    for site in ["same-origin", "same-site", "cross-site", "none"] {
        let request = fetch().header("sec-fetch-site", site);
        rows.push(Row::new(format!("fetch site {site}"), request, back("abc")));
    }
    rows.extend([
        Row::new(
            "the right fetch mode twice",
            fetch().header("sec-fetch-mode", "no-cors"),
            no_fetch(),
        ),
        Row::new(
            "the right fetch destination twice",
            fetch().header("sec-fetch-dest", "empty"),
            no_fetch(),
        ),
        Row::new(
            "two fetch modes",
            with("sec-fetch-mode", "no-cors").header("sec-fetch-mode", "navigate"),
            no_fetch(),
        ),
        Row::new(
            "a fetch mode that is no text",
            frame("state=abc").header("sec-fetch-mode", b"\xff"),
            no_fetch(),
        ),
        Row::new(
            "a navigation, with nobody logged in and no state",
            Request::get(FRAME).header("sec-fetch-mode", "navigate"),
            no_fetch(),
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
            Expected::method_not_allowed().within_reach(),
        ),
    ]);
    rows
}
