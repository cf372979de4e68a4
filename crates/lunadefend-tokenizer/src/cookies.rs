//! The tokenizer's own cookies: their names, and how to read, set and delete them.

use crate::error::ApiError;
use http::{HeaderMap, HeaderValue, header};
use lunadefend_crypto::{hex, sha256};
use lunadefend_http::BaseUrl;
use std::time::Duration;

/// The maximum of open session transfers in one browser; older ones are forgotten. A page that repeats its
/// requests must not fill the browser's cookie header.
const MAX_STATES: usize = 8;

/// The maximum of cookies that one response deletes: proxies limit the headers of a response. The next
/// responses delete the rest.
const MAX_DELETIONS: usize = 20;

/// When a browser sends the tokenizer's cookies.
///
/// Without TLS on loopback, where application and tokenizer are one site, they are at least `SameSite=Lax`
/// and never `Secure`, since Safari would drop them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CookiePolicy {
    /// `SameSite=None; Partitioned`: also when application and tokenizer are different sites. Each
    /// application has its own cookies, if the browser supports partitioned cookies.
    #[default]
    CrossSite,
    /// `SameSite=Strict`: only when application and tokenizer are sub-domains of one site, such as
    /// `app.example.com` and `tokenizer.example.com`. Recommended in that case.
    SameSite,
}

/// The form of this tokenizer's cookies.
///
/// # Security
/// On https the names begin with `__Host-`. A browser accepts such a cookie only from this host, over TLS,
/// for every path, so that a sibling sub-domain cannot plant one. The plain names are for loopback addresses
/// without TLS, where browsers refuse the prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    prefix: &'static str,
    attributes: &'static str,
    several_providers: bool,
}

impl Cookies {
    /// `is_one_loopback_site`: application and tokenizer are one site, both without TLS on this machine.
    pub(crate) fn new(
        public_url: &BaseUrl,
        policy: CookiePolicy,
        is_one_loopback_site: bool,
        several_providers: bool,
    ) -> Self {
        Self {
            // Cleartext to another host keeps the prefix too: there browsers take no cookie at all.
            prefix: if public_url.is_https() || !public_url.is_loopback() {
                "__Host-"
            } else {
                ""
            },
            attributes: match (is_one_loopback_site, policy) {
                // Safari keeps no `Secure` cookie from http, be it this machine's.
                (true, CookiePolicy::CrossSite) => "HttpOnly; SameSite=Lax",
                (true, CookiePolicy::SameSite) => "HttpOnly; SameSite=Strict",
                (false, CookiePolicy::CrossSite) => "Secure; HttpOnly; SameSite=None; Partitioned",
                (false, CookiePolicy::SameSite) => "Secure; HttpOnly; SameSite=Strict",
            },
            several_providers,
        }
    }

    /// Returns the name of an auth provider's session cookie. Each provider has its own, so that their
    /// sessions do not overwrite each other.
    pub(crate) fn session(&self, provider: &str) -> String {
        let prefix = self.prefix;
        if self.several_providers {
            format!("{prefix}access_token-{provider}")
        } else {
            format!("{prefix}access_token")
        }
    }

    /// Returns the name of the cookie of a state. Each state has its own, so that two tabs do not overwrite
    /// each other's.
    pub(crate) fn state(&self, state: &str) -> String {
        let hash = sha256(state.as_bytes());
        format!("{}state-{}", self.prefix, hex(&hash[..4]))
    }

    /// Returns the value of a cookie.
    ///
    /// Duplicates are refused: which one counts depends on the reader.
    pub(crate) fn read<'h>(
        headers: &'h HeaderMap,
        name: &str,
    ) -> Result<Option<&'h str>, ApiError> {
        let mut values = pairs(headers)
            .filter(|(found, _)| *found == name.as_bytes())
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            // What is not UTF-8 is not ours either, and must not pass for "no cookie".
            (Some(value), None) => Ok(Some(std::str::from_utf8(value).unwrap_or_default())),
            (Some(_), Some(_)) => Err(ApiError::bad_request(
                "a cookie must not be there twice: delete the cookies of this site",
            )),
        }
    }

    /// Returns the header that sets a cookie. `value` consists of base64url characters.
    pub(crate) fn set(
        &self,
        name: &str,
        value: &str,
        lifetime: Duration,
    ) -> Result<HeaderValue, ApiError> {
        self.write(name, value, lifetime.as_secs())
    }

    /// Returns the header that deletes a cookie. It needs the attributes that the cookie was set with;
    /// otherwise a browser takes it for another one.
    pub(crate) fn delete(&self, name: &str) -> Result<HeaderValue, ApiError> {
        self.write(name, "", 0)
    }

    fn write(&self, name: &str, value: &str, max_age: u64) -> Result<HeaderValue, ApiError> {
        let attributes = self.attributes;
        let text = format!("{name}={value}; Path=/; Max-Age={max_age}; {attributes}");
        let mut header = HeaderValue::from_str(&text).map_err(|_| ApiError::internal())?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Returns the names of the oldest surplus state cookies, as many as one response may delete.
    pub(crate) fn surplus_states<'h>(&self, headers: &'h HeaderMap) -> Vec<&'h str> {
        let mut names: Vec<&str> = pairs(headers)
            .filter_map(|(name, _)| std::str::from_utf8(name).ok())
            .filter(|name| {
                name.strip_prefix(self.prefix)
                    .and_then(|name| name.strip_prefix("state-"))
                    .is_some_and(|hash| hash.len() == 8 && hash.bytes().all(is_hex))
            })
            .collect();
        // One more is about to be set. Browsers send the oldest first.
        let surplus = (names.len() + 1).saturating_sub(MAX_STATES);
        names.truncate(surplus.min(MAX_DELETIONS));
        names
    }
}

const fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Returns name and value of every cookie (RFC 6265 section 5.4), even if a proxy has split the header.
fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            Some((pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_http::Cleartext;
    use proptest::prelude::*;

    fn cookies(url: &str, policy: CookiePolicy) -> Cookies {
        with(url, policy, false, false)
    }

    fn with(url: &str, policy: CookiePolicy, is_one_site: bool, several: bool) -> Cookies {
        let url = BaseUrl::parse(url, "TOKENIZER_URL", Cleartext::Allowed).unwrap();
        Cookies::new(&url, policy, is_one_site, several)
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::COOKIE, HeaderValue::from_bytes(value).unwrap()))
            .collect()
    }

    #[test]
    fn names() {
        let https = cookies("https://t.example.com", CookiePolicy::CrossSite);
        assert_eq!(https.session("shop"), "__Host-access_token");
        // The first bytes of SHA-256("abc").
        assert_eq!(https.state("abc"), "__Host-state-ba7816bf");
        for url in [
            "http://localhost:1",
            "http://127.0.0.1",
            "http://[::1]:8080",
        ] {
            let loopback = cookies(url, CookiePolicy::CrossSite);
            assert_eq!(loopback.session("shop"), "access_token", "{url}");
            assert_eq!(loopback.state("abc"), "state-ba7816bf", "{url}");
        }
        let foreign = cookies("http://t.internal", CookiePolicy::CrossSite);
        assert_eq!(foreign.session("shop"), "__Host-access_token");
        let several = with(
            "https://t.example.com",
            CookiePolicy::CrossSite,
            false,
            true,
        );
        assert_eq!(several.session("shop"), "__Host-access_token-shop");
        assert_eq!(several.session("desk.1"), "__Host-access_token-desk.1");
        let several = with("http://localhost", CookiePolicy::CrossSite, true, true);
        assert_eq!(several.session("shop"), "access_token-shop");
    }

    #[test]
    fn attributes() {
        let https = "https://t.example.com";
        let loopback = "http://localhost";
        let (cross, same) = (CookiePolicy::CrossSite, CookiePolicy::SameSite);
        for (url, policy, is_one_site, attributes) in [
            (
                https,
                cross,
                false,
                "Secure; HttpOnly; SameSite=None; Partitioned",
            ),
            (https, same, false, "Secure; HttpOnly; SameSite=Strict"),
            (
                loopback,
                cross,
                false,
                "Secure; HttpOnly; SameSite=None; Partitioned",
            ),
            (loopback, same, false, "Secure; HttpOnly; SameSite=Strict"),
            (loopback, cross, true, "HttpOnly; SameSite=Lax"),
            (loopback, same, true, "HttpOnly; SameSite=Strict"),
        ] {
            let cookies = with(url, policy, is_one_site, false);
            let set = cookies.set("n", "v", Duration::from_secs(900)).unwrap();
            assert!(set.is_sensitive());
            assert_eq!(set, format!("n=v; Path=/; Max-Age=900; {attributes}"));
            let deleted = cookies.delete("n").unwrap();
            assert_eq!(deleted, format!("n=; Path=/; Max-Age=0; {attributes}"));
        }
    }

    #[test]
    fn reading() {
        let read = |values: &[&[u8]]| {
            Cookies::read(&headers(values), "state").map(|value| value.map(str::to_owned))
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[b"state=a"]).unwrap().unwrap(), "a");
        assert_eq!(read(&[b"x=1; state=a=b;y"]).unwrap().unwrap(), "a=b");
        assert_eq!(read(&[b"x=1", b"state=a"]).unwrap().unwrap(), "a");
        assert_eq!(read(&[b"x=\xff; state=a"]).unwrap().unwrap(), "a");
        assert_eq!(read(&[b"state=\xff"]).unwrap().unwrap(), "");
        assert_eq!(read(&[b"State=a; xstate=b; state.=c"]).unwrap(), None);
        for twice in [
            &[b"state=a; state=a".as_slice()][..],
            &[b"state=a", b"state="],
        ] {
            assert_eq!(read(twice).unwrap_err().status(), 400);
        }
    }

    #[test]
    fn states_do_not_pile_up() {
        for (url, prefix) in [
            ("https://t.example.com", "__Host-"),
            ("http://localhost", ""),
        ] {
            let cookies = cookies(url, CookiePolicy::CrossSite);
            let surplus = |count: usize| {
                let many: Vec<String> = (0..count)
                    .map(|n| format!("{prefix}state-{n:08x}=s"))
                    .collect();
                let text = format!("other=1; {}; {prefix}state-x=1", many.join("; "));
                let headers = headers(&[text.as_bytes()]);
                let surplus = cookies.surplus_states(&headers);
                assert!(
                    surplus
                        .iter()
                        .enumerate()
                        .all(|(n, name)| { **name == format!("{prefix}state-{n:08x}") })
                );
                surplus.len()
            };
            assert_eq!([0, 7, 8, 20].map(surplus), [0, 0, 1, 13], "{url}");
            // No answer deletes more than twenty: a proxy may not take it.
            assert_eq!([26, 27, 28, 60, 500].map(surplus), [19, 20, 20, 20, 20]);
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(value in prop::collection::vec(0x20_u8..=0xff, 0..80)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let headers = HeaderMap::from_iter([(header::COOKIE, value)]);
                let _ = Cookies::read(&headers, "state");
            }
        }

        #[test]
        fn what_we_set_we_read(value in "[A-Za-z0-9_-]{0,60}") {
            let https = cookies("https://t.example.com", CookiePolicy::CrossSite);
            let set = https.set("state", &value, Duration::from_secs(1)).unwrap();
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let headers = headers(&[pair.as_bytes()]);
            prop_assert_eq!(Cookies::read(&headers, "state").unwrap(), Some(value.as_str()));
        }
    }
}
