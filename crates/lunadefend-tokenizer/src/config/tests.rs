use super::*;
use crate::jwks::JwksSource;
use lunadefend_core::GrantDuration;
use lunadefend_http::{Cleartext, HttpClient};
use std::num::NonZeroU32;

fn base(text: &str) -> BaseUrl {
    BaseUrl::parse(text, "TOKENIZER_URL", Cleartext::Allowed).unwrap()
}

fn jwks() -> VerificationKeys {
    let client = HttpClient::builder().tls(false).build().unwrap();
    VerificationKeys::Jwks(JwksSource::new(base("http://localhost/jwks.json"), client).unwrap())
}

fn providers(text: &str) -> Result<AuthProviders, ConfigError> {
    AuthProviders::parse(text, "AUTH_PROVIDERS", Cleartext::LoopbackOnly)
}

fn builder(public_url: &str) -> TokenizerConfigBuilder {
    let providers = providers("http://localhost:3001").unwrap();
    TokenizerConfig::builder(base(public_url), jwks(), providers)
}

fn redirect(text: &str, name: Option<&str>) -> String {
    let providers = providers(text).unwrap();
    providers.find(name).unwrap().redirect("S")
}

#[test]
fn where_the_browser_is_sent() {
    for (url, expected) in [
        (
            "http://localhost:3001",
            "http://localhost:3001/.lunasec/secure-frame?state=S",
        ),
        (
            "https://app.example.com/",
            "https://app.example.com/.lunasec/secure-frame?state=S",
        ),
        (
            "https://app.example.com?tenant=a%20b",
            "https://app.example.com/.lunasec/secure-frame?tenant=a%20b&state=S",
        ),
        (
            "https://app.example.com/cb",
            "https://app.example.com/cb?state=S",
        ),
        (
            "https://app.example.com/cb/?x=1&y",
            "https://app.example.com/cb/?x=1&y&state=S",
        ),
    ] {
        assert_eq!(redirect(url, None), expected, "{url}");
    }
}

/// `recordings/go-tokenizer/providers`, with a default for each.
#[test]
fn named_providers() {
    let two = r#"{"a":{"url":"http://localhost:3001","type":"lunasec"},
                  "b":{"url":"http://localhost:3002/cb","default":true}}"#;
    assert_eq!(redirect(two, None), "http://localhost:3002/cb?state=S");
    assert_eq!(redirect(two, Some("b")), "http://localhost:3002/cb?state=S");
    assert_eq!(
        redirect(two, Some("a")),
        "http://localhost:3001/.lunasec/secure-frame?state=S"
    );
    let two = providers(two).unwrap();
    for unknown in ["c", "", "A"] {
        assert!(two.find(Some(unknown)).is_none(), "{unknown}");
    }
    let one = r#"{"demo":{"url":"http://localhost:3001"}}"#;
    assert!(redirect(one, None).starts_with("http://localhost:3001/"));
}

#[test]
fn providers_that_are_refused() {
    const A: &str = r#"{"url":"http://localhost:1"}"#;
    let error = |text: &str| providers(text).unwrap_err();
    let says = |text: &str, words: &str| {
        let error = error(text).to_string();
        error.starts_with("AUTH_PROVIDERS ") && error.contains(words)
    };
    let malformed = |text: &str| says(text, "must be a URL, or a JSON object");
    assert!(malformed("{"));
    assert!(malformed("[]"));
    assert!(malformed(&format!(r#"{{"a":{A},"a":{A}}}"#)), "twice");
    assert!(says("{}", "at least one provider"));
    for name in ["", "a b", "a/b", &"a".repeat(65)] {
        let text = format!(r#"{{"{name}":{A}}}"#);
        assert!(says(&text, "names of providers"), "{name}");
    }
    for entry in [
        "1",
        "null",
        "[\"http://localhost\"]",
        "{}",
        r#"{"url":1}"#,
        r#"{"url":"http://localhost","default":"yes"}"#,
    ] {
        let text = format!(r#"{{"a":{entry}}}"#);
        assert!(says(&text, "an object with a \"url\" string"), "{entry}");
    }
    for text in [
        format!(r#"{{"a":{A},"b":{A}}}"#),
        r#"{"a":{"url":"http://localhost:1","default":true},"b":{"url":"http://localhost:2","default":true}}"#
            .to_owned(),
    ] {
        assert!(says(&text, "\"default\": true in exactly one"));
    }
    for url in [
        "",
        "app.example.com",
        "http://app.example.com",
        "https://u:p@app.example.com",
        "https://app.example.com/#f",
        "https://app.example.com/?a#f",
        "https://app.example.com/?a b",
        "https://app.example.com/?a=\u{e9}",
        "ftp://app.example.com",
    ] {
        assert!(matches!(error(url), ConfigError::Url(_)), "{url}");
    }
    for url in ["http://localhost?state=1", "http://localhost?x=1&st%61te"] {
        assert!(says(url, "no `state` parameter"), "{url}");
    }
}

#[test]
fn errors_name_the_setting_and_not_the_value() {
    for text in [
        "https://user:canary@app.example.com",
        "canary",
        r#"{"canary x":{"url":"http://localhost"}}"#,
        r#"{"a":{"url":"http://canary.example.com"}}"#,
        r#"{"a":{"url":"http://localhost/canary?state=x"}}"#,
        r#"{"canary":1}"#,
        "{canary",
    ] {
        let error = providers(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("AUTH_PROVIDERS"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }
    let shown = format!("{:?}", providers("http://localhost/?key=canary").unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}

fn no_issuer() -> ConfigError {
    let builder = builder("https://t.example.com").issuers([]);
    builder.build().unwrap_err()
}

#[test]
fn a_main_that_returns_the_error_prints_what_to_do() {
    let url = BaseUrl::parse("http://example.com", "TOKENIZER_URL", Cleartext::default());
    let url = url.unwrap_err();
    for (shown, advice) in [
        (
            format!("{:?}", ConfigError::from(url.clone())),
            url.to_string(),
        ),
        (
            format!("{:?}", no_issuer()),
            "issuers must not be empty: leave it out for the default, node-sdk".to_owned(),
        ),
        (
            format!("{:?}", providers("").unwrap_err()),
            providers("").unwrap_err().to_string(),
        ),
    ] {
        assert_eq!(shown, advice);
    }
}

#[test]
fn origins() {
    let origin = |text| Origin::parse(text, "APPLICATION_FRONT_END");
    for (text, expected) in [
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://app.example.com/", "https://app.example.com"),
        ("HTTPS://APP.example.com:443", "https://app.example.com"),
        (
            "https://b\u{fc}cher.example",
            "https://xn--bcher-kva.example",
        ),
        ("http://[::1]:80", "http://[::1]"),
    ] {
        assert_eq!(origin(text).unwrap().as_str(), expected);
        assert_eq!(origin(text).unwrap().header(), expected);
    }
    let error = origin("https://app.example.com/x").unwrap_err().to_string();
    assert!(error.starts_with("APPLICATION_FRONT_END must be one origin"));
    for text in [
        "*",
        "null",
        "",
        "app.example.com",
        "https://a.example?x",
        "https://*",
        "https://*.example.com",
    ] {
        assert!(origin(text).is_err(), "{text}");
    }
}

#[test]
fn the_default_is_at_most_the_maximum() {
    let duration = |text: &str| text.parse::<GrantDuration>().unwrap();
    let error = GrantDurations::new(duration("2h"), duration("1h")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "GRANT_DEFAULT_DURATION (2h) must not be longer than GRANT_MAXIMUM_DURATION (1h)"
    );
    assert!(GrantDurations::new(duration("1h"), duration("1h")).is_ok());
}

#[test]
fn values_have_the_public_origin_unless_configured() {
    let same = builder("https://t.example.com/prod").build().unwrap();
    assert_eq!(same.blob_url.as_str(), "https://t.example.com/prod");
    assert!(same.blob_reader.is_none());
    assert_eq!(same.public_origin.as_str(), "https://t.example.com");
    assert_eq!(
        same.jwt.tokenizer_origin.as_deref(),
        Some("https://t.example.com")
    );

    let other = builder("https://t.example.com")
        .blob_url(base("https://blobs.example.net"))
        .build()
        .unwrap();
    assert_eq!(other.blob_reader.unwrap(), "https://t.example.com");

    let path_only = builder("https://t.example.com")
        .blob_url(base("https://t.example.com/values"))
        .build()
        .unwrap();
    assert!(path_only.blob_reader.is_none());
}

#[test]
fn settings_that_are_refused() {
    let refused = |builder: TokenizerConfigBuilder| builder.build().unwrap_err();
    for (change, name) in [
        (
            (|limits: &mut Limits| limits.max_connections = 0) as fn(&mut Limits),
            "LUNADEFEND_MAX_CONNECTIONS",
        ),
        (|limits| limits.max_value = 0, "MAX_VALUE"),
        (
            |limits| limits.max_value = Limits::MAX_VALUE + 1,
            "MAX_VALUE",
        ),
        (|limits| limits.session_values = 0, "SESSION_VALUES"),
        (|limits| limits.session_bytes = 1, "SESSION_BYTES"),
        (
            |limits| limits.session_reads = NonZeroU32::new(99),
            "LUNADEFEND_SESSION_READS_PER_HOUR is wrong: it must be 0, for no limit, or from 100",
        ),
        (
            |limits| limits.reads = NonZeroU32::new(1),
            "LUNADEFEND_READS_PER_HOUR is wrong",
        ),
    ] {
        let mut limits = Limits::default();
        change(&mut limits);
        let error = refused(builder("https://t.example.com").limits(limits));
        assert!(error.to_string().contains(name), "{error}");
    }
    let client = HttpClient::builder().tls(false).build().unwrap();
    assert_eq!(
        JwksSource::new(base("https://app.example.com/jwks.json"), client)
            .unwrap_err()
            .to_string(),
        "SESSION_JWKS_URL is an https URL: build the HTTP client with TLS"
    );
}
