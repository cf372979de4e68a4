//! The cookies of a browser, by host and name. As in a real browser, ports do not matter.

use std::collections::{BTreeMap, HashMap};
use url::Url;

#[derive(Clone, Default)]
pub(super) struct Jar(HashMap<String, BTreeMap<String, String>>);

impl Jar {
    pub(super) fn of(&self, url: &Url) -> BTreeMap<String, String> {
        self.0.get(host(url)).cloned().unwrap_or_default()
    }

    pub(super) fn set(&mut self, url: &Url, name: &str, value: &str) {
        let cookies = self.0.entry(host(url).to_owned()).or_default();
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Returns the value of `Cookie`, or `None` without cookies.
    pub(super) fn header(&self, url: &Url) -> Option<String> {
        let cookies = self
            .0
            .get(host(url))
            .filter(|cookies| !cookies.is_empty())?;
        let pairs: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Some(pairs.join("; "))
    }

    /// Sets or deletes a cookie, as `Set-Cookie` says.
    pub(super) fn remember(&mut self, url: &Url, set_cookie: &str) {
        let mut parts = set_cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            return;
        };
        if parts.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0")) {
            if let Some(cookies) = self.0.get_mut(host(url)) {
                cookies.remove(name);
            }
        } else {
            self.set(url, name, value);
        }
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_those_of_a_host_whatever_the_port() {
        let url = |url| Url::parse(url).unwrap();
        let mut jar = Jar::default();
        jar.remember(&url("http://localhost:1/"), "a=1; HttpOnly");
        jar.remember(&url("http://localhost:2/x"), "b=2; Max-Age=60");
        assert_eq!(jar.header(&url("http://localhost:3/")).unwrap(), "a=1; b=2");
        assert_eq!(jar.header(&url("http://127.0.0.1:1/")), None);
        jar.remember(&url("http://localhost/"), "a=; Path=/; Max-Age=0");
        jar.remember(&url("http://localhost/"), "b=3");
        assert_eq!(jar.header(&url("http://localhost/")).unwrap(), "b=3");
    }
}
