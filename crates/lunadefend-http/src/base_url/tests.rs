use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<BaseUrl, UrlError> {
    BaseUrl::parse(text, "TOKENIZER_URL", Cleartext::LoopbackOnly)
}

#[test]
fn the_path_is_kept_with_and_without_a_slash() {
    for (text, path, joined) in [
        ("https://h", "", "https://h/grant/set"),
        ("https://h/", "", "https://h/grant/set"),
        ("https://h/prod", "/prod", "https://h/prod/grant/set"),
        ("https://h/prod/", "/prod", "https://h/prod/grant/set"),
        ("https://h/prod//", "/prod", "https://h/prod/grant/set"),
        ("https://h/a%20b/", "/a%20b", "https://h/a%20b/grant/set"),
        (
            "HTTPS://H:8443/Prod",
            "/Prod",
            "https://h:8443/Prod/grant/set",
        ),
    ] {
        let base = parse(text).unwrap();
        assert_eq!(base.path(), path, "{text}");
        for suffix in ["grant/set", "/grant/set", "//grant/set"] {
            assert_eq!(base.join(suffix), joined, "{text}");
        }
    }
}

#[test]
fn the_origin_is_as_browsers_send_it() {
    for (text, origin) in [
        ("https://Example.com:443/x", "https://example.com"),
        ("https://example.com:8443", "https://example.com:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:17766/x", "http://[::1]:17766"),
        (
            "https://XN--bcher-kva.example",
            "https://xn--bcher-kva.example",
        ),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
    ] {
        assert_eq!(parse(text).unwrap().origin(), origin);
    }
}

#[test]
fn another_origin_is_never_ours() {
    let base = parse("https://example.com/prod").unwrap();
    for ours in [
        "https://example.com/anything?x=1",
        "https://EXAMPLE.com:443/",
    ] {
        assert!(base.is_origin_of(ours), "{ours}");
    }
    for other in [
        "http://example.com/",
        "https://example.com:444/",
        "https://example.com.evil.example/",
        "https://example.com@evil.example/",
        // For browsers it is a slash, for others part of a name.
        "https://example.com\\@evil.example/",
        "https://example.com\\.evil.example/",
        "https://user@example.com/",
        "https://user@example.com:443/",
        "https://:password@example.com/",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "data:text/plain,x",
        "//example.com/",
        "/prod",
        "",
    ] {
        assert!(!base.is_origin_of(other), "{other}");
    }
}

#[test]
fn each_mistake_has_its_own_words() {
    let setting = "TOKENIZER_URL";
    for (text, error) in [
        ("", UrlError::Empty { setting }),
        ("example.com", UrlError::Scheme { setting }),
        ("localhost:8080", UrlError::Scheme { setting }),
        ("ftp://example.com", UrlError::Scheme { setting }),
        ("https:/example.com", UrlError::Scheme { setting }),
        ("//example.com", UrlError::Scheme { setting }),
        (" https://example.com", UrlError::Characters { setting }),
        ("https://example.com\n", UrlError::Characters { setting }),
        ("https:\\\\example.com", UrlError::Characters { setting }),
        (
            "https://ann:hunter2@example.com",
            UrlError::Userinfo { setting },
        ),
        (
            "https://hunter2@example.com/",
            UrlError::Userinfo { setting },
        ),
        ("https://@example.com/", UrlError::Userinfo { setting }),
        (
            "https://example.com/?key=hunter2",
            UrlError::Query { setting },
        ),
        ("https://example.com?", UrlError::Query { setting }),
        (
            "https://example.com/#hunter2",
            UrlError::Fragment { setting },
        ),
        ("http://example.com", UrlError::Cleartext { setting }),
        (
            "http://localhost.example.com",
            UrlError::Cleartext { setting },
        ),
        ("http://notlocalhost", UrlError::Cleartext { setting }),
        ("http://0.0.0.0", UrlError::Cleartext { setting }),
    ] {
        let found = parse(text).unwrap_err();
        assert_eq!(found, error, "{text}");
        let shown = format!("{found} {found:?}");
        assert!(shown.contains("TOKENIZER_URL"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn what_programs_read_differently_is_no_url() {
    for (text, words) in [
        ("https://:80", "its host must be a name"),
        ("https://", "its host must be a name"),
        ("https://.", "its host must be a name"),
        ("https://ex%61mple.com", "its host must be a name"),
        // Spellings of addresses that some resolvers take.
        ("http://2130706433", "its host must be a name"),
        ("http://127.1", "its host must be a name"),
        ("http://0x7f000001", "its host must be a name"),
        ("http://0177.0.0.1", "its host must be a name"),
        ("http://[::ffff:127.0.0.1]", "its host must be a name"),
        ("http://[", "its host must be a name"),
        ("https://h:99999", "its port"),
        ("https://h:", "its port"),
        ("https://h:x", "its port"),
        ("https://h/b\u{fc}cher", "percent-encode"),
        ("https://h/{a}", "percent-encode"),
        ("https://h/a/../b", "`.` and `..`"),
        ("https://h/a/%2E%2e", "`.` and `..`"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, UrlError::Invalid { .. }), "{text}");
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[test]
fn a_host_beyond_ascii_is_as_browsers_send_it() {
    let parsed = parse("https://B\u{dc}cher.example:8443/a");
    if cfg!(feature = "idn") {
        let base = parsed.unwrap();
        assert_eq!(base.as_str(), "https://xn--bcher-kva.example:8443/a");
        // In ASCII these have `/` and `@`, and digits that are an address in another spelling.
        for text in [
            "https://h\u{2100}.example",
            "https://h\u{ff20}i.example",
            "https://\u{ff11}\u{ff12}7.1",
        ] {
            assert!(
                matches!(parse(text), Err(UrlError::Invalid { .. })),
                "{text}"
            );
        }
    } else {
        let error = parsed.unwrap_err().to_string();
        assert!(error.contains("xn--bcher-kva.example"), "{error}");
    }
}

#[test]
fn cleartext_is_for_loopback_unless_allowed() {
    for text in [
        "http://127.0.0.1:17766",
        "http://127.8.9.10",
        "http://[::1]/x",
        "http://localhost",
        "http://app.localhost:3000",
    ] {
        assert!(parse(text).unwrap().is_loopback(), "{text}");
    }
    let far = BaseUrl::parse("http://example.com", "T", Cleartext::Allowed).unwrap();
    assert!(!far.is_loopback() && !far.is_https());
}

#[test]
fn a_main_that_returns_the_error_prints_what_to_do() {
    let error = parse("example.com").unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
}

proptest! {
    #[test]
    fn no_text_panics_or_is_echoed(text in "(https?://)?(hunter2[:@]?)?[a-z.:/?#@\\[\\]]{0,20}\\PC{0,8}") {
        if let Err(error) = parse(&text) {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("hunter2"));
        }
    }

    #[test]
    fn the_text_is_the_same_url(text in "https://[a-z0-9.A-Z-]{1,12}(:[0-9]{1,5})?(/[a-z%A-Z]{0,4}){0,3}") {
        if let Ok(base) = parse(&text) {
            prop_assert_eq!(&parse(base.as_str()), &Ok(base.clone()));
            prop_assert_eq!(base.as_str(), format!("{}{}", base.origin(), base.path()));
            prop_assert!(base.is_origin_of(&text));
        }
    }

    /// The crate `url` implements the URL standard.
    #[test]
    fn browsers_read_it_alike(text in "https://([a-z0-9.A-Z-]{1,12}|\\[[0-9a-f:]{2,9}\\])(:[0-9]{1,5})?(/[!-~]{0,6}){0,3}") {
        let browsers = url::Url::parse(&text);
        if let (Ok(base), Ok(browsers)) = (parse(&text), browsers) {
            prop_assert_eq!(base.as_str(), browsers.as_str().trim_end_matches('/'));
            prop_assert_eq!(base.origin(), browsers.origin().ascii_serialization());
        }
    }

    #[test]
    fn joined_urls_stay_below_the_base(path in "[a-z/%.]{0,20}") {
        let base = parse("https://example.com/prod/").unwrap();
        let joined = base.join(&path);
        prop_assert!(joined.starts_with("https://example.com/prod/"));
        prop_assert!(base.is_origin_of(&joined));
    }
}
