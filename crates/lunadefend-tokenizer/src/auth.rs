//! Who is asking: a JWT in `authorization`, or the tokenizer's own session cookie.

use crate::{
    answer::Refusal, cookies::Cookies, headers::single, jwks::VerifyError, origin, request::Notes,
    service::Shared, session_hash,
};
use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderValue, header, request::Parts};
use lunadefend_core::SessionId;
use lunadefend_jwt::{Claims, JwtKind, ParsedJwt, Subject};
use std::sync::Arc;

/// Who sent a request, as shown by its one credential.
#[derive(Debug)]
pub(crate) enum Caller {
    /// The application server. It owns no session.
    Application,
    /// A developer. He owns no session either.
    Developer,
    /// A user, by his browser or by the application on his behalf.
    User(SessionId),
}

/// Why nobody could be made out.
#[derive(Debug)]
pub(crate) enum Unidentified {
    /// There is no credential.
    Nobody,
    /// The credential is not one that counts here.
    Invalid,
    /// The request itself is refused, or the answer is not known.
    Refused(Refusal),
}

impl From<Refusal> for Unidentified {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unidentified> for Refusal {
    fn from(unidentified: Unidentified) -> Self {
        match unidentified {
            Unidentified::Nobody | Unidentified::Invalid => Self::unauthorized(),
            Unidentified::Refused(refusal) => refusal,
        }
    }
}

/// Extractor: the application, by a JWT. Nobody else gets past it.
#[derive(Debug)]
pub(crate) struct ApplicationOnly;

impl FromRequestParts<Arc<Shared>> for ApplicationOnly {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        // No cookie makes an application; it is not even looked at.
        match jwt_caller(&parts.headers, shared).await? {
            Some(Caller::Application) => Ok(Self),
            _ => Err(Refusal::unauthorized()),
        }
    }
}

/// Extractor: anybody with a credential, on the routes that belong to the frame.
#[derive(Debug)]
pub(crate) struct Anybody {
    caller: Caller,
    by_cookie: bool,
}

impl Anybody {
    /// The session that the caller acts in; application and developer have none.
    pub(crate) const fn session(&self) -> Option<&SessionId> {
        match &self.caller {
            Caller::User(session) => Some(session),
            Caller::Application | Caller::Developer => None,
        }
    }

    /// Whether it was the cookie that said so, and not a JWT of the application.
    pub(crate) const fn is_by_cookie(&self) -> bool {
        self.by_cookie
    }
}

impl FromRequestParts<Arc<Shared>> for Anybody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        let by_jwt = jwt_caller(headers, shared).await?;
        let by_cookie = by_jwt.is_none();
        let caller = match by_jwt {
            Some(caller) => caller,
            None => {
                let handle = session_cookie(headers, shared)?;
                origin::require_frame(headers, &shared.config.public_origin)?;
                Caller::User(session_of(handle, shared).await?)
            }
        };
        if let Caller::User(session) = &caller
            && let Some(hash) = session_hash::check(headers, session)?
            && let Some(notes) = parts.extensions.get::<Notes>()
        {
            notes.send_session_hash(hash);
        }
        Ok(Self { caller, by_cookie })
    }
}

/// For `/session/verify`, which says whether there is a caller and gives him nothing.
pub(crate) async fn identify(headers: &HeaderMap, shared: &Shared) -> Result<Caller, Unidentified> {
    if let Some(caller) = jwt_caller(headers, shared).await? {
        return Ok(caller);
    }
    let handle = session_cookie(headers, shared)?;
    session_of(handle, shared).await.map(Caller::User)
}

/// The caller by `authorization`. `None` only when there is no such header: a bad one is not rescued
/// by a good cookie.
async fn jwt_caller(headers: &HeaderMap, shared: &Shared) -> Result<Option<Caller>, Unidentified> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let value = single(headers, &header::AUTHORIZATION).ok_or_else(duplicate_authorization)?;
    let compact = bearer(value).ok_or(Unidentified::Invalid)?;
    let claims = verify(compact, shared).await?;
    if claims.kind != JwtKind::Plain {
        tracing::debug!("a transfer JWT was sent as authorization");
        return Err(Unidentified::Invalid);
    }
    let caller = match (claims.subject, claims.session) {
        (Subject::Application, _) => Caller::Application,
        (Subject::Developer, _) => Caller::Developer,
        (Subject::User, Some(session)) if shared.config.user_jwt_in_authorization => {
            Caller::User(session)
        }
        (Subject::User, _) => return Err(Unidentified::Invalid),
    };
    Ok(Some(caller))
}

pub(crate) fn duplicate_authorization() -> Refusal {
    Refusal::bad_request("the authorization header must not be there twice")
}

/// The JWT of an `authorization` header: raw, as the original sends it, or with the scheme of RFC
/// 6750.
fn bearer(value: &HeaderValue) -> Option<&str> {
    let text = value.to_str().ok()?;
    match text.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer ") => Some(rest),
        _ => Some(text),
    }
}

/// Checks a JWT by the whole list of protocol rules. Says nothing about what it is good for.
pub(crate) async fn verify(compact: &str, shared: &Shared) -> Result<Claims, Unidentified> {
    let outcome = match ParsedJwt::parse(compact) {
        Ok(jwt) => {
            let now = shared.vault.clock().now();
            shared.keys.verify(&jwt, &shared.config.jwt, now).await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(claims) => Ok(claims),
        Err(VerifyError::Refused(reason)) => {
            tracing::debug!(%reason, "a JWT was refused");
            Err(Unidentified::Invalid)
        }
        Err(VerifyError::Unavailable) => Err(Unidentified::Refused(Refusal::unavailable(
            "the keys to verify the request with are not available",
        ))),
    }
}

fn session_cookie<'h>(headers: &'h HeaderMap, shared: &Shared) -> Result<&'h str, Unidentified> {
    Cookies::read(headers, shared.config.cookies.session())?.ok_or(Unidentified::Nobody)
}

async fn session_of(handle: &str, shared: &Shared) -> Result<SessionId, Unidentified> {
    shared
        .vault
        .session(handle)
        .await
        .map_err(Refusal::from)?
        .ok_or(Unidentified::Invalid)
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
