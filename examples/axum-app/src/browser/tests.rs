//! The rules for browsers.

use super::*;

fn foreign(headers: &[(&str, &str)]) -> bool {
    is_foreign(|name| {
        let found = headers.iter().find(|(found, _)| *found == name);
        found.map(|(_, value)| *value)
    })
}

#[test]
fn only_pages_of_the_same_origin_may_send() {
    let host = ("host", "localhost:3000");
    assert!(!foreign(&[host]), "a program");
    assert!(!foreign(&[host, ("sec-fetch-site", "same-origin")]));
    for site in ["same-site", "cross-site", "none", ""] {
        let own = ("origin", "http://localhost:3000");
        assert!(foreign(&[host, own, ("sec-fetch-site", site)]), "{site}");
    }
}

#[test]
fn without_fetch_metadata_the_origin_says_it() {
    let host = ("host", "localhost:3000");
    assert!(!foreign(&[host, ("origin", "http://localhost:3000")]));
    for origin in ["http://localhost:4000", "http://localhost", "null", ""] {
        assert!(foreign(&[host, ("origin", origin)]), "{origin}");
    }
    assert!(foreign(&[("origin", "http://localhost:3000")]), "no host");
}

#[test]
fn a_browser_gets_pages_and_a_program_does_not() {
    assert!(wants_page(Some(
        "text/html,application/xhtml+xml,*/*;q=0.8"
    )));
    for other in [None, Some("*/*"), Some("application/json")] {
        assert!(!wants_page(other));
    }
}

#[test]
fn who_is_not_logged_in_is_sent_to_the_log_in_and_loses_no_form() {
    assert!(matches!(Instead::of("GET", 401, ""), Instead::LogIn));
    for status in [400, 401, 403, 404, 405, 413, 415, 500, 502] {
        let Instead::Page(page) = Instead::of("POST", status, "<script></script>") else {
            panic!("{status} has a page");
        };
        let page = page.unwrap();
        assert!(page.contains("role=\"alert\""), "{page}");
        assert!(page.contains("<script></script>"), "{page}");
    }
}
