use super::*;

fn elements(tokenizer_url: &str) -> Elements {
    Elements::new(tokenizer_url, "1a2b.js", "sha384-A+b/C=")
}

#[test]
fn the_tokenizers_path_is_kept_and_its_origin_is_not_more() {
    for (url, script, origin) in [
        (
            "https://tokenizer.example.com",
            "https://tokenizer.example.com/elements/1a2b.js",
            "https://tokenizer.example.com",
        ),
        (
            "https://example.com/vault/one/",
            "https://example.com/vault/one/elements/1a2b.js",
            "https://example.com",
        ),
        (
            "http://localhost:17766",
            "http://localhost:17766/elements/1a2b.js",
            "http://localhost:17766",
        ),
    ] {
        let elements = elements(url);
        assert_eq!(elements.script_url(), script);
        assert_eq!(elements.tokenizer_origin(), origin);
    }
}

#[test]
fn the_tag_is_html_whatever_is_in_it() {
    let elements = Elements::new("https://t.example/a&b", "\"><b>.js", "\"")
        .below("x'\"<y>&z")
        .with_auth_provider("\"><script>");
    assert_eq!(
        elements.script_tag(),
        "<script type=\"module\" src=\"https://t.example/a&amp;b/elements/&quot;&gt;&lt;b&gt;.js\" \
         integrity=\"&quot;\" crossorigin data-plugin-base=\"/x'%22%3Cy%3E&amp;z\" \
         data-auth-provider=\"&quot;&gt;&lt;script&gt;\"></script>"
    );
}

#[test]
fn a_base_is_a_path_of_the_page_itself() {
    let tag = |path: &str| {
        elements("https://t.example")
            .below(path)
            .script_tag()
            .to_owned()
    };
    for (path, base) in [
        ("api", "/api"),
        ("//api/v1//", "/api/v1"),
        ("//evil.example", "/evil.example"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("a?b#c d", "/a%3Fb%23c%20d"),
        ("caf\u{e9}/%20", "/caf%C3%A9/%20"),
    ] {
        let expected = format!(" crossorigin data-plugin-base=\"{base}\"></script>");
        assert!(tag(path).ends_with(&expected), "{path}: {}", tag(path));
    }
    for root in ["", "/", "//"] {
        assert!(tag(root).ends_with(" crossorigin></script>"), "{root}");
    }
}

#[test]
fn a_router_outside_puts_its_path_in_front() {
    let inner = elements("https://t.example").below("/api");
    let outer = inner.below("shop/").below("");
    assert_eq!(outer.plugin_base(), "/shop/api");
    assert_eq!(inner.plugin_base(), "/api");
}

#[test]
fn a_url_cannot_end_a_source_or_a_policy() {
    let elements = elements("https://t.example/a;b,c");
    let policy = elements.content_security_policy();
    assert_eq!(
        policy,
        "script-src https://t.example/a%3Bb%2Cc/elements/1a2b.js; \
         frame-src https://t.example/a%3Bb%2Cc/frame; \
         connect-src 'self' https://t.example/a%3Bb%2Cc/session/create"
    );
    assert!(elements.script_url().contains("/a;b,c/"));
}
