//! Hosts beyond ASCII.

use std::borrow::Cow;

/// Returns an authority with its host in ASCII, as browsers send it (URL standard, "domain to ASCII"); `None` when that cannot
/// be, or when the feature `idn` is not there.
pub(crate) fn in_ascii(authority: &str) -> Option<Cow<'_, str>> {
    if authority.is_ascii() {
        return Some(authority.into());
    }
    let (host, port) = match authority.rfind(':') {
        Some(at) => authority.split_at(at),
        None => (authority, ""),
    };
    Some(format!("{}{port}", to_ascii(host)?).into())
}

#[cfg(feature = "idn")]
fn to_ascii(host: &str) -> Option<Cow<'_, str>> {
    // What a host must not have it must not get either: `\u{2100}` is `a/c` in ASCII.
    idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL).ok()
}

#[cfg(not(feature = "idn"))]
fn to_ascii(_: &str) -> Option<Cow<'_, str>> {
    None
}
