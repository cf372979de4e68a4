//! The headers by which a browser tells where a request comes from.

use url::Url;

pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Returns `Sec-Fetch-Site` for a request that followed these redirects, starting at the requesting page.
pub(super) fn fetch_site(way: &[&Url]) -> &'static str {
    let all_have = |of: fn(&Url) -> String| way.windows(2).all(|pair| of(pair[0]) == of(pair[1]));
    if all_have(origin) {
        "same-origin"
    } else if all_have(site) {
        "same-site"
    } else {
        "cross-site"
    }
}

/// Returns the host without its first label; an IP address is its own site. Enough for `example.com`: a real
/// browser has a list of public suffixes.
fn site(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match host.split_once('.') {
        Some((_, rest)) if url.domain().is_some() => rest.to_owned(),
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hop_elsewhere_is_remembered() {
        let app = Url::parse("http://app.example.com/page").unwrap();
        let tokenizer = Url::parse("http://tokenizer.example.com").unwrap();
        let elsewhere = Url::parse("http://tokenizer.example.net").unwrap();
        for (way, expected) in [
            (&[&app, &app][..], "same-origin"),
            (&[&app, &tokenizer], "same-site"),
            (&[&app, &tokenizer, &app], "same-site"),
            (&[&app, &elsewhere, &app], "cross-site"),
        ] {
            assert_eq!(fetch_site(way), expected, "{way:?}");
        }
        let port = Url::parse("http://127.0.0.1:2").unwrap();
        let address = Url::parse("http://127.0.0.2:2").unwrap();
        assert_eq!(fetch_site(&[&port, &address]), "cross-site");
    }
}
