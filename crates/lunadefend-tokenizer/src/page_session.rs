//! `lunadefend-page-session`: the session that the page around a frame was made for.

use crate::error::ApiError;
use http::{HeaderMap, HeaderValue};
use lunadefend_core::{
    SessionId,
    wire::{PAGE_SESSION, PageSession},
};
use lunadefend_crypto::sha256;
use lunadefend_vault::BrowserSession;

/// A request's statement about its page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page<'h> {
    /// The header is missing, as with LunaSec's React SDK.
    Unsaid,
    /// The header says that any session will do.
    OfAnySession,
    /// The page was made for the session of that name.
    Of(&'h HeaderValue),
}

impl<'h> Page<'h> {
    /// # Errors
    /// 400 for a duplicate header.
    pub(crate) fn of(headers: &'h HeaderMap) -> Result<Self, ApiError> {
        let mut sent = headers.get_all(PAGE_SESSION).iter();
        match (sent.next(), sent.next()) {
            (None, _) => Ok(Self::Unsaid),
            (Some(value), None) if value == PageSession::NONE => Ok(Self::OfAnySession),
            (Some(value), None) => Ok(Self::Of(value)),
            (Some(_), Some(_)) => Err(ApiError::bad_request(
                "the header lunadefend-page-session must not be there twice",
            )),
        }
    }

    /// Returns whether the page may act in a browser's session.
    pub(crate) fn may_use(self, found: &BrowserSession) -> bool {
        let is_said = !matches!(self, Self::Unsaid);
        (is_said || !found.is_by_page) && self.is_for(&found.session)
    }

    /// Returns whether the page may act in a session.
    pub(crate) fn is_for(self, session: &SessionId) -> bool {
        match self {
            Self::Unsaid | Self::OfAnySession => true,
            Self::Of(sent) => *sent == PageSession::of(session, sha256).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_for_its_session() {
        let session = SessionId::new("ann").unwrap();
        let name = PageSession::of(&session, sha256).to_string();
        let is_for = |values: &[&str]| {
            let headers: HeaderMap = values
                .iter()
                .map(|value| (PAGE_SESSION, HeaderValue::from_str(value).unwrap()))
                .collect();
            Page::of(&headers).map(|page| page.is_for(&session))
        };
        for same in [&[][..], &["none"], &[name.as_str()]] {
            assert!(is_for(same).unwrap(), "{same:?}");
        }
        let upper = name.to_uppercase();
        for other in ["", "None", "none, none", "0", &upper, &name[..31]] {
            assert!(!is_for(&[other]).unwrap(), "{other}");
        }
        for twice in [[name.as_str(), &name], ["none", "none"], ["none", &name]] {
            assert_eq!(is_for(&twice).unwrap_err().status(), 400);
        }
    }
}
