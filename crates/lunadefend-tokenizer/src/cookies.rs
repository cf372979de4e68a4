//! The tokenizer's own cookies: which names they have, how they are read, set and deleted.

use crate::{answer::Refusal, config::CookiePolicy};
use http::{HeaderMap, HeaderValue, header};
use lunadefend_crypto::{hex, sha256};
use lunadefend_http::BaseUrl;
use std::time::Duration;

/// More open session transfers than this in one browser, and the other ones are forgotten: a page
/// that asks again and again must not fill the browser's cookie header.
const MAX_STATES: usize = 8;

/// How this tokenizer writes its cookies.
///
/// # Security
/// On https the names begin with `__Host-`: a browser takes such a cookie only from this host, over
/// TLS, for every path, so that a sibling sub-domain cannot plant one. The plain names are for
/// loopback addresses without TLS, where browsers refuse the prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    prefixed: bool,
    policy: CookiePolicy,
}

impl Cookies {
    pub(crate) fn new(public_url: &BaseUrl, policy: CookiePolicy) -> Self {
        Self {
            // Cleartext to another host keeps the prefix too: there browsers take no cookie at all.
            prefixed: public_url.is_https() || !public_url.is_loopback(),
            policy,
        }
    }

    /// The name of the session cookie.
    pub(crate) const fn session(&self) -> &'static str {
        if self.prefixed {
            "__Host-access_token"
        } else {
            "access_token"
        }
    }

    /// The name of the cookie of a state. On https each state has its own, so that two tabs do not
    /// overwrite each other's.
    pub(crate) fn state(&self, state: &str) -> String {
        if self.prefixed {
            let hash = sha256(state.as_bytes());
            format!("__Host-state-{}", hex(&hash[..4]))
        } else {
            "state".to_owned()
        }
    }

    /// The value of a cookie.
    ///
    /// Two of one name are refused: which of them counts depends on who reads.
    pub(crate) fn read<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
        let mut values = pairs(headers)
            .filter(|(found, _)| *found == name.as_bytes())
            .map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            // What is not UTF-8 is not ours either, and must not pass for "no cookie".
            (Some(value), None) => Ok(Some(std::str::from_utf8(value).unwrap_or_default())),
            (Some(_), Some(_)) => Err(Refusal::bad_request(
                "a cookie must not be there twice: delete the cookies of this site",
            )),
        }
    }

    /// The header that sets a cookie. `value` is made of base64url characters.
    pub(crate) fn set(
        &self,
        name: &str,
        value: &str,
        lifetime: Duration,
    ) -> Result<HeaderValue, Refusal> {
        self.write(name, value, lifetime.as_secs())
    }

    /// The header that deletes a cookie: with the attributes that it was set with, or a browser
    /// takes it for another one.
    pub(crate) fn delete(&self, name: &str) -> Result<HeaderValue, Refusal> {
        self.write(name, "", 0)
    }

    fn write(&self, name: &str, value: &str, max_age: u64) -> Result<HeaderValue, Refusal> {
        let same_site = match self.policy {
            CookiePolicy::CrossSite => "SameSite=None; Partitioned",
            CookiePolicy::SameSite => "SameSite=Strict",
        };
        let text =
            format!("{name}={value}; Path=/; Max-Age={max_age}; Secure; HttpOnly; {same_site}");
        let mut header = HeaderValue::from_str(&text).map_err(|_| Refusal::internal())?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Names of the oldest state cookies, as many as are too many.
    pub(crate) fn surplus_states<'h>(&self, headers: &'h HeaderMap) -> Vec<&'h str> {
        if !self.prefixed {
            return Vec::new();
        }
        let mut names: Vec<&str> = pairs(headers)
            .filter_map(|(name, _)| std::str::from_utf8(name).ok())
            .filter(|name| {
                name.strip_prefix("__Host-state-")
                    .is_some_and(|hash| hash.len() == 8 && hash.bytes().all(is_hex))
            })
            .collect();
        // One more is about to be set. Browsers send the oldest first.
        names.truncate((names.len() + 1).saturating_sub(MAX_STATES));
        names
    }
}

const fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Name and value of every cookie (RFC 6265 section 5.4), also when a proxy has split the header.
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
        let url = BaseUrl::parse(url, "TOKENIZER_URL", Cleartext::Allowed).unwrap();
        Cookies::new(&url, policy)
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
        assert_eq!(https.session(), "__Host-access_token");
        // The first bytes of SHA-256("abc").
        assert_eq!(https.state("abc"), "__Host-state-ba7816bf");
        for url in [
            "http://localhost:1",
            "http://127.0.0.1",
            "http://[::1]:8080",
        ] {
            let loopback = cookies(url, CookiePolicy::CrossSite);
            assert_eq!(loopback.session(), "access_token", "{url}");
            assert_eq!(loopback.state("abc"), "state", "{url}");
        }
        let foreign = cookies("http://t.internal", CookiePolicy::CrossSite);
        assert_eq!(foreign.session(), "__Host-access_token");
    }

    #[test]
    fn attributes() {
        let value = |url, policy| {
            let cookies = cookies(url, policy);
            let set = cookies.set("n", "v", Duration::from_secs(900)).unwrap();
            let deleted = cookies.delete("n").unwrap();
            assert!(set.is_sensitive());
            (
                set.to_str().unwrap().to_owned(),
                deleted.to_str().unwrap().to_owned(),
            )
        };
        assert_eq!(
            value("https://t.example.com", CookiePolicy::CrossSite),
            (
                "n=v; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=None; Partitioned".to_owned(),
                "n=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None; Partitioned".to_owned(),
            )
        );
        assert_eq!(
            value("http://localhost", CookiePolicy::SameSite),
            (
                "n=v; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Strict".to_owned(),
                "n=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict".to_owned(),
            )
        );
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
        let https = cookies("https://t.example.com", CookiePolicy::CrossSite);
        let many: Vec<String> = (0..20).map(|n| format!("__Host-state-{n:08x}=s")).collect();
        let text = format!("other=1; {}; __Host-state-x=1", many.join("; "));
        let headers = headers(&[text.as_bytes()]);
        let surplus = https.surplus_states(&headers);
        assert_eq!(surplus.len(), 20 + 1 - MAX_STATES);
        assert_eq!(surplus[0], "__Host-state-00000000");
        assert!(surplus.iter().all(|name| name.len() == 21));
        let loopback = cookies("http://localhost", CookiePolicy::CrossSite);
        assert!(loopback.surplus_states(&headers).is_empty());
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
