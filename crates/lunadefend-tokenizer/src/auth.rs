//! The caller: by a JWT in `authorization`, or by the tokenizer's own session cookie.

mod cookie;

use crate::{
    context::RequestContext, destroy::DestroyJwt, error::ApiError, headers::single,
    jwks::VerifyError, origin, page_session::Page, session_hash, state::Shared,
};
use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use lunadefend_audit::Who;
use lunadefend_core::{SessionId, provider::UnixMillis};
use lunadefend_jwt::{Claims, JwtError, JwtKind, Subject};
use std::sync::Arc;

/// Only a caller with the signing key gets this text. The client recognises it by the words "another
/// tokenizer".
const FOR_ANOTHER_TOKENIZER: &str = "Unauthorized: the JWT is for another tokenizer, by the name in it; this tokenizer's TOKENIZER_URL is not what the application calls it";

/// The sender of a request, shown by its one credential.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// The application server. It owns no session.
    Application,
    /// A developer. They own no session either.
    Developer,
    /// A user, by their browser or by the application on their behalf.
    User(SessionId),
}

/// Why a request has no caller.
#[derive(Debug)]
pub(crate) enum AuthError {
    /// The credential is missing.
    Unauthenticated,
    /// The credential is not valid here.
    Invalid,
    /// A JWT of the application that is valid, but for another tokenizer.
    OtherTokenizer,
    /// The request itself is refused, or its caller cannot be determined now.
    Refused(ApiError),
}

impl From<ApiError> for AuthError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<AuthError> for ApiError {
    fn from(unidentified: AuthError) -> Self {
        match unidentified {
            AuthError::Unauthenticated | AuthError::Invalid => Self::unauthorized(),
            AuthError::OtherTokenizer => Self::new(StatusCode::UNAUTHORIZED, FOR_ANOTHER_TOKENIZER),
            AuthError::Refused(error) => error,
        }
    }
}

/// Refuses every caller except the application with its JWT.
pub(crate) async fn require_application(
    headers: &HeaderMap,
    shared: &Shared,
) -> Result<(), ApiError> {
    // No cookie makes an application; it is not even looked at.
    match jwt_caller(headers, Page::OfAnySession, shared).await? {
        Some(Caller::Application) => Ok(()),
        _ => Err(ApiError::unauthorized()),
    }
}

/// Refuses every caller except the application with a JWT that destroys. It does not compare the JWT with the
/// request.
pub(crate) async fn require_destroyer(
    headers: &HeaderMap,
    shared: &Shared,
) -> Result<DestroyJwt, ApiError> {
    let claims = jwt_claims(headers, shared).await?;
    let claims = claims.ok_or_else(ApiError::unauthorized)?;
    // A JWT of another kind says nothing of a route and a body.
    let destruction = claims.destruction.ok_or_else(ApiError::unauthorized)?;
    Ok(DestroyJwt {
        destruction,
        expires_at: claims.expires_at.into(),
    })
}

/// A caller with a credential, on the routes that belong to the frame. Handlers extract it: that fails
/// unless the row of their route says [`FrameOrJwt`](crate::route::Audience::FrameOrJwt).
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    caller: Caller,
    by_cookie: bool,
}

impl Authenticated {
    /// Returns the session that the caller acts in; application and developer have none.
    pub(crate) const fn session(&self) -> Option<&SessionId> {
        match &self.caller {
            Caller::User(session) => Some(session),
            Caller::Application | Caller::Developer => None,
        }
    }

    /// Returns the kind of the caller, for the audit log.
    pub(crate) const fn who(&self) -> Who {
        match (&self.caller, self.by_cookie) {
            (Caller::Application, _) => Who::Application,
            (Caller::Developer, _) => Who::Developer,
            (Caller::User(_), true) => Who::Frame,
            (Caller::User(_), false) => Who::User,
        }
    }

    /// Returns whether the caller is a developer of the application.
    pub(crate) const fn is_developer(&self) -> bool {
        matches!(self.caller, Caller::Developer)
    }

    /// Returns whether the caller is the application itself.
    pub(crate) const fn is_application(&self) -> bool {
        matches!(self.caller, Caller::Application)
    }

    /// Returns whether the credential was the cookie, and not a JWT of the application.
    pub(crate) const fn is_by_cookie(&self) -> bool {
        self.by_cookie
    }
}

impl FromRequestParts<Arc<Shared>> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, ApiError> {
        let caller = parts.extensions.remove::<Self>();
        caller.ok_or_else(ApiError::internal)
    }
}

/// Finds the caller by a JWT, or else by the session cookie, which counts only from the frame.
pub(crate) async fn authenticate(
    headers: &HeaderMap,
    context: &RequestContext,
    shared: &Shared,
) -> Result<Authenticated, ApiError> {
    let page = Page::of(headers)?;
    let by_jwt = jwt_caller(headers, page, shared).await?;
    let by_cookie = by_jwt.is_none();
    let caller = match by_jwt {
        Some(caller) => caller,
        None => {
            let handles = cookie::handles(headers, shared)?;
            origin::require_frame(headers, &shared.config.public_origin)?;
            Caller::User(cookie::session(handles, page, shared).await?)
        }
    };
    if let Caller::User(session) = &caller
        && let Some(hash) = session_hash::check(headers, session)?
    {
        context.send_session_hash(hash);
    }
    Ok(Authenticated { caller, by_cookie })
}

/// Finds the caller for `/session/verify`, which reports whether the request has one and gives them nothing.
pub(crate) async fn identify(headers: &HeaderMap, shared: &Shared) -> Result<Caller, AuthError> {
    let page = Page::of(headers)?;
    if let Some(caller) = jwt_caller(headers, page, shared).await? {
        return Ok(caller);
    }
    let handles = cookie::handles(headers, shared)?;
    cookie::session(handles, page, shared)
        .await
        .map(Caller::User)
}

/// Ends only the browser sessions of the request's cookies. Returns the names of these cookies.
pub(crate) async fn end_browser_sessions(
    headers: &HeaderMap,
    shared: &Shared,
) -> Result<Vec<String>, ApiError> {
    let mut names = Vec::new();
    for (name, handle) in cookie::found(headers, shared)? {
        shared.vault.end_browser_session(handle).await?;
        names.push(name);
    }
    Ok(names)
}

/// Finds the caller by `authorization`. `None` only when the header is missing: a valid cookie does not
/// rescue an invalid header.
async fn jwt_caller(
    headers: &HeaderMap,
    page: Page<'_>,
    shared: &Shared,
) -> Result<Option<Caller>, AuthError> {
    let Some(claims) = jwt_claims(headers, shared).await? else {
        return Ok(None);
    };
    if claims.kind != JwtKind::Plain {
        tracing::debug!("a JWT for another use was sent as authorization");
        return Err(AuthError::Invalid);
    }
    let caller = match (claims.subject, claims.session) {
        (Subject::Application, _) => Caller::Application,
        (Subject::Developer, _) => Caller::Developer,
        (Subject::User, Some(session)) if shared.config.user_jwt_in_authorization => {
            require_going_on(&session, shared).await?;
            if !page.is_for(&session) {
                return Err(another_page().into());
            }
            Caller::User(session)
        }
        (Subject::User, _) => return Err(AuthError::Invalid),
    };
    Ok(Some(caller))
}

/// Verifies the JWT of `authorization`, but not its purpose. `None` only when the header is missing.
async fn jwt_claims(headers: &HeaderMap, shared: &Shared) -> Result<Option<Claims>, AuthError> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let value = single(headers, &header::AUTHORIZATION).ok_or_else(duplicate_authorization)?;
    let compact = bearer(value).ok_or(AuthError::Invalid)?;
    verify(compact, shared).await.map(Some)
}

pub(crate) fn duplicate_authorization() -> ApiError {
    ApiError::bad_request("the authorization header must not be there twice")
}

/// Returns the JWT of an `authorization` header: raw, as LunaSec sends it, or with the scheme of RFC 6750.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?;
    match text.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer ") => Some(rest),
        _ => Some(text),
    }
}

/// Verifies a JWT by the whole list of protocol rules, but not its purpose.
pub(crate) async fn verify(compact: &str, shared: &Shared) -> Result<Claims, AuthError> {
    let now = shared.vault.clock().now();
    match shared.keys.verify(compact, &shared.config.jwt, now).await {
        Ok(claims) if was_before_restore(&claims, shared) => {
            tracing::debug!("a JWT was refused: it was made before the store was restored");
            Err(AuthError::Invalid)
        }
        Ok(claims) => Ok(claims),
        // The signature is valid, so only the key's owner can fill the log with this.
        Err(VerifyError::Refused(JwtError::Claim("tokenizer"))) => {
            tracing::warn!(
                "a JWT of the application was refused: it names another tokenizer; TOKENIZER_URL of this tokenizer must be the application's PUBLIC_TOKENIZER_URL, or its TOKENIZER_URL when that is not set"
            );
            Err(AuthError::OtherTokenizer)
        }
        Err(VerifyError::Refused(reason)) => {
            tracing::debug!(%reason, "a JWT was refused");
            Err(AuthError::Invalid)
        }
        Err(VerifyError::Unavailable) => Err(AuthError::Refused(ApiError::unavailable(
            "the keys to verify the request with are not available",
        ))),
    }
}

/// Returns whether a JWT may have been used, or its session ended, between the backup and the restore of the store: then
/// the store does not know. A JWT of the application itself ends nothing and is good for many uses.
fn was_before_restore(claims: &Claims, shared: &Shared) -> bool {
    let is_plain = claims.kind == JwtKind::Plain;
    if is_plain && !matches!(claims.subject, Subject::User) {
        return false;
    }
    // The clock of the application may be as much ahead.
    let ahead = shared.config.jwt.max_ahead;
    let restored_at = shared.vault.restored_at();
    restored_at.is_some_and(|at| UnixMillis::from(claims.issued_at) <= at + ahead)
}

/// Refuses a request for a session that the application has ended.
///
/// It serves the error message: what such a session gets is refused on use anyway.
pub(crate) async fn require_going_on(session: &SessionId, shared: &Shared) -> Result<(), ApiError> {
    if shared.vault.is_ended(session).await? {
        Err(ApiError::session_ended())
    } else {
        Ok(())
    }
}

fn another_page() -> ApiError {
    ApiError::session_mismatch(
        "the session is not the one that the page was made for: transfer the session again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_optional() {
        let jwt = |value: &'static str| bearer(&HeaderValue::from_static(value)).map(str::to_owned);
        for (value, expected) in [
            ("a.b.c", "a.b.c"),
            ("Bearer a.b.c", "a.b.c"),
            ("bearer a.b.c", "a.b.c"),
            // What is left is refused by the parser of JWTs.
            ("Bearer  a.b.c", " a.b.c"),
            ("Basic a.b.c", "Basic a.b.c"),
            ("Bearer", "Bearer"),
            ("", ""),
        ] {
            assert_eq!(jwt(value).unwrap(), expected);
        }
        assert!(bearer(&HeaderValue::from_bytes(b"\xff").unwrap()).is_none());
    }
}
