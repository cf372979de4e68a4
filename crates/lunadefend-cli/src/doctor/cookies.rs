//! Checks that browsers will keep the cookie that the tokenizer sets in a frame of the application's page.

use super::{report::Report, tokenizer::Ensured};
use http::header;
use lunadefend::LunaDefend;
use url::{Host, Url};

const SUBJECT: &str = "cookies";

pub(super) fn check(luna: &LunaDefend, ensured: &Ensured, report: &mut Report) {
    let public = luna.client().public_tokenizer_url();
    let (Ok(tokenizer), Ok(application)) = (
        Url::parse(public.as_str()),
        Url::parse(&ensured.application),
    ) else {
        return report.fail(
            SUBJECT,
            "the tokenizer redirects to something that is no URL",
        );
    };
    let cookies: Vec<String> = ensured
        .headers
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|cookie| Some(cookie.to_str().ok()?.to_ascii_lowercase()))
        .collect();
    let has = |attribute: &str| {
        cookies.iter().all(|cookie| {
            cookie
                .split(';')
                .skip(1)
                .any(|part| part.trim().starts_with(attribute))
        })
    };
    if cookies.is_empty() || !has("httponly") {
        return report.warn(
            SUBJECT,
            "the tokenizer sets no cookie that is hidden from script (HttpOnly)",
        );
    }
    if !is_secure(&tokenizer) || !is_secure(&application) {
        return report.fail(
            SUBJECT,
            "browsers keep the tokenizer's cookie only when application and tokenizer are both https",
        );
    }
    let safari_drops = tokenizer.scheme() == "http" && has("secure");
    match (is_same_site(&tokenizer, &application), has("samesite=strict")) {
        (false, true) => report.fail(
            SUBJECT,
            "application and tokenizer are different sites, and the cookie is SameSite=Strict: browsers will not send it; set LUNADEFEND_COOKIES=cross-site at the tokenizer, or give it a sub-domain of the application's site",
        ),
        (false, false) if safari_drops => report.warn(
            SUBJECT,
            "application and tokenizer are different sites without TLS, so the cookie is Secure, and Safari keeps no such cookie from http://: call both by one name, such as localhost, or try it with another browser",
        ),
        (true, _) if safari_drops => report.warn(
            SUBJECT,
            "the cookie is Secure, and Safari keeps no such cookie from http://: one of the tokenizer's AUTH_PROVIDERS or its APPLICATION_FRONT_END is another site",
        ),
        (true, true) => report.ok(
            SUBJECT,
            "application and tokenizer are one site, and the cookie is SameSite=Strict",
        ),
        (true, false) if has("samesite=lax") => report.ok(
            SUBJECT,
            "application and tokenizer are one site, and the cookie is SameSite=Lax",
        ),
        (true, false) => report.ok(
            SUBJECT,
            "application and tokenizer are one site: LUNADEFEND_COOKIES=same-site at the tokenizer makes the cookie SameSite=Strict",
        ),
        (false, false) => report.warn(
            SUBJECT,
            "application and tokenizer are different sites: browsers that block third-party cookies need the cookie partitioned; a sub-domain of the application's site for the tokenizer avoids that",
        ),
    }
}

/// Returns whether browsers treat the URL as a secure context: https, or loopback for development.
fn is_secure(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns whether two URLs are schemefully same-site (RFC 6265bis section 5.2): the same scheme and
/// registrable domain.
fn is_same_site(one: &Url, other: &Url) -> bool {
    let registrable = |url: &Url| match url.host()? {
        Host::Domain(name) => {
            let domain = psl::domain_str(name).unwrap_or(name);
            Some(domain.to_owned())
        }
        address => Some(address.to_string()),
    };
    one.scheme() == other.scheme() && registrable(one) == registrable(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites() {
        for (one, other, same) in [
            ("https://a.example.com", "https://b.example.com", true),
            ("https://example.com", "https://t.example.com:8443", true),
            ("https://example.com", "http://t.example.com", false),
            ("https://example.com", "https://example.org", false),
            ("https://a.co.uk", "https://b.co.uk", false),
            ("https://a.b.co.uk", "https://b.co.uk", true),
            ("https://ann.github.io", "https://bob.github.io", false),
            ("http://localhost:1", "http://localhost:2", true),
            ("http://localhost", "http://127.0.0.1", false),
            ("http://127.0.0.1:1", "http://127.0.0.1:2", true),
            ("http://a.shop.localhost", "http://t.shop.localhost:1", true),
            ("http://shop.localhost", "http://t.shop.localhost", true),
            ("http://shop.localhost", "http://other.localhost", false),
            ("http://shop.localhost", "http://localhost", false),
        ] {
            let (one, other) = (Url::parse(one).unwrap(), Url::parse(other).unwrap());
            assert_eq!(is_same_site(&one, &other), same, "{one} {other}");
        }
    }

    #[test]
    fn secure_contexts() {
        for (url, secure) in [
            ("https://t.example.com", true),
            ("http://t.example.com", false),
            ("http://localhost:3000", true),
            ("http://app.localhost", true),
            ("http://127.0.0.1", true),
            ("http://[::1]", true),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_secure(&Url::parse(url).unwrap()), secure, "{url}");
        }
    }
}
