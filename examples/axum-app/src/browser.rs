//! What browsers need that programs do not: pages for errors, a policy, and protection against foreign pages.

use crate::pages::{ErrorPage, Shell};
use askama::Template;

/// The style sheet of every page.
pub(crate) const STYLE: &str = include_str!("../assets/style.css");
/// The icon of every page.
pub(crate) const ICON: &str = include_str!("../assets/icon.svg");

/// The application's own part of the `Content-Security-Policy`. LunaDefend gives the rest: what the elements need.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// Tells whether the client shows pages, by its header `Accept`; others get JSON.
pub(crate) fn wants_page(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// Tells whether a page of another origin made the browser send this request. Such a request may change nothing.
///
/// `SameSite=Lax` keeps the cookie from the pages of other sites, but not from those of this one: another
/// sub-domain, or another port of localhost. And a log-in needs no cookie: a foreign page could log its visitor
/// in as somebody else, who then reads what the visitor stores. Browsers tell in `Sec-Fetch-Site` (W3C, Fetch
/// Metadata Request Headers), older ones in `Origin`. Programs send neither, and nobody makes them send a request.
pub(crate) fn is_foreign<'a>(header: impl Fn(&str) -> Option<&'a str>) -> bool {
    match header("sec-fetch-site") {
        Some(site) => site != "same-origin",
        None => header("origin").is_some_and(|origin| {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_none() || host != header("host")
        }),
    }
}

/// What a person sees in place of an error.
pub(crate) enum Instead {
    /// The page where they log in.
    LogIn,
    /// A page that says what to do.
    Page(Result<String, askama::Error>),
}

impl Instead {
    /// Chooses by the method and the status of the response, which alone says enough.
    pub(crate) fn of(method: &str, status: u16, script_tag: &str) -> Self {
        let (title, text) = match status {
            401 if method == "GET" => return Self::LogIn,
            401 => (
                "Not stored",
                "You have logged out meanwhile, or your page was open for more than an hour. Open it again.",
            ),
            403 => ("Not for you", "Your user may not do this."),
            404 | 405 => ("Not here", "There is no page at this address."),
            413 => ("Too much", "This is more than the application takes."),
            400..=499 => (
                "Not understood",
                "The application cannot read what your browser sent.",
            ),
            _ => (
                "That went wrong",
                "It is not your fault. Try again in a minute.",
            ),
        };
        let shell = Shell::of_nobody(script_tag);
        Self::Page(ErrorPage { shell, title, text }.render())
    }
}

#[cfg(test)]
mod tests;
