//! The session behind a request's cookies.

use super::{AuthError, another_page};
use crate::{cookies::Cookies, error::ApiError, page_session::Page, state::Shared};
use http::HeaderMap;
use lunadefend_core::SessionId;
use lunadefend_vault::BrowserSession;

/// Returns the session cookies of a request, by name: at most one for each auth provider.
pub(super) fn found<'h>(
    headers: &'h HeaderMap,
    shared: &Shared,
) -> Result<Vec<(String, &'h str)>, ApiError> {
    let config = &shared.config;
    let mut found = Vec::new();
    for provider in config.providers.iter() {
        let name = config.cookies.session(provider.name());
        if let Some(handle) = Cookies::read(headers, &name)? {
            found.push((name, handle));
        }
    }
    Ok(found)
}

/// Returns their values.
pub(super) fn handles<'h>(
    headers: &'h HeaderMap,
    shared: &Shared,
) -> Result<Vec<&'h str>, AuthError> {
    let found = found(headers, shared)?;
    if found.is_empty() {
        return Err(AuthError::Unauthenticated);
    }
    Ok(found.into_iter().map(|(_, handle)| handle).collect())
}

/// Finds the one session that the page is for. The page must say which that is.
pub(super) async fn session(
    handles: Vec<&str>,
    page: Page<'_>,
    shared: &Shared,
) -> Result<SessionId, AuthError> {
    require_said(page, shared)?;
    let mut sessions = Vec::with_capacity(handles.len());
    for handle in handles {
        let session = shared.vault.session(handle).await;
        sessions.extend(session.map_err(ApiError::from)?);
    }
    choose(sessions, page)
}

/// Refuses a browser's request that does not say which session its page was made for, unless LunaSec's React SDK
/// is allowed, which never says it.
fn require_said(page: Page<'_>, shared: &Shared) -> Result<(), ApiError> {
    if matches!(page, Page::Unsaid) && !shared.config.react_sdk {
        return Err(ApiError::bad_request(
            "a request by a browser's session must have the header lunadefend-page-session; for LunaSec's React SDK, set LUNADEFEND_REACT_SDK=true on the tokenizer",
        ));
    }
    Ok(())
}

fn choose(found: Vec<BrowserSession>, page: Page<'_>) -> Result<SessionId, AuthError> {
    if found.is_empty() {
        return Err(AuthError::Invalid);
    }
    let mut sessions: Vec<_> = found
        .into_iter()
        .filter(|found| page.may_use(found))
        .map(|found| found.session)
        .collect();
    let session = sessions.pop().ok_or_else(another_page)?;
    // Two providers of one application may both have moved the same session.
    if sessions
        .iter()
        .all(|other| other.expose_id() == session.expose_id())
    {
        return Ok(session);
    }
    Err(ApiError::session_mismatch(
        "the browser has sessions of several auth providers: say for which one the page was made",
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use lunadefend_core::wire::PageSession;
    use lunadefend_crypto::sha256;

    fn chosen(ids: &[&str], page: Page<'_>) -> Result<String, u16> {
        chosen_of(ids.iter().map(|id| (*id, false)), page)
    }

    fn chosen_of<'a>(
        found: impl IntoIterator<Item = (&'a str, bool)>,
        page: Page<'_>,
    ) -> Result<String, u16> {
        let sessions = found.into_iter().map(|(id, is_by_page)| BrowserSession {
            session: SessionId::new(id).unwrap(),
            is_by_page,
        });
        match choose(sessions.collect(), page) {
            Ok(session) => Ok(session.expose_id().to_owned()),
            Err(unidentified) => Err(ApiError::from(unidentified).status().as_u16()),
        }
    }

    #[test]
    fn of_several_sessions_the_fitting_one_is_taken() {
        let named = |id: &str| {
            let name = PageSession::of(&SessionId::new(id).unwrap(), sha256).to_string();
            HeaderValue::from_str(&name).unwrap()
        };
        let (ann, bob, eve) = (named("ann"), named("bob"), named("eve"));
        assert_eq!(chosen(&["ann", "bob"], Page::Of(&ann)).unwrap(), "ann");
        assert_eq!(chosen(&["ann", "bob"], Page::Of(&bob)).unwrap(), "bob");
        assert_eq!(chosen(&["ann", "bob"], Page::Of(&eve)), Err(401));
        assert_eq!(chosen(&["ann"], Page::Of(&bob)), Err(401));
        assert_eq!(chosen(&["ann"], Page::OfAnySession).unwrap(), "ann");
        assert_eq!(chosen(&["ann", "bob"], Page::OfAnySession), Err(401));
        assert_eq!(chosen(&["ann", "ann"], Page::OfAnySession).unwrap(), "ann");
        assert_eq!(chosen(&[], Page::OfAnySession), Err(401));
        assert_eq!(chosen(&[], Page::Of(&ann)), Err(401));
    }

    #[test]
    fn a_session_that_a_page_had_a_hand_in_serves_only_pages_that_say_for_whom_they_are() {
        let name = PageSession::of(&SessionId::new("ann").unwrap(), sha256).to_string();
        let ann = HeaderValue::from_str(&name).unwrap();
        let planted = [("ann", true)];
        assert_eq!(chosen_of(planted, Page::Of(&ann)).unwrap(), "ann");
        assert_eq!(chosen_of(planted, Page::OfAnySession).unwrap(), "ann");
        assert_eq!(chosen_of(planted, Page::Unsaid), Err(401));
        assert_eq!(chosen_of([("ann", false)], Page::Unsaid).unwrap(), "ann");
        let both = [("eve", true), ("ann", false)];
        assert_eq!(chosen_of(both, Page::Unsaid).unwrap(), "ann");
    }
}
