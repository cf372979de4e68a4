//! `/session/*`: how a browser that has a session of the application gets one of the tokenizer.

use crate::{
    answer::{self, Refusal},
    auth::{self, Unidentified},
    cookies::Cookies,
    cors,
    headers::{CREATED_SESSION_HASH, RESOURCE_POLICY},
    query::Query,
    service::Shared,
    session_hash,
    vault::{StateClaims, Vault},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lunadefend_core::SessionId;
use lunadefend_crypto::{base64url, constant_time_eq, sha256};
use lunadefend_jwt::{Claims, JwtKind, Subject};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

/// `GET /session/ensure`: sends the browser to the auth provider, with a state in the URL and in a
/// cookie.
pub(super) async fn ensure(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = Query::parse(uri.query())?;
    let provider = shared
        .config
        .providers
        .find(query.get("auth_provider"))
        .ok_or_else(|| Refusal::bad_request("unable to find auth provider with provided name"))?;
    let state = shared.vault.issue_state(provider.name())?;
    let cookies = &shared.config.cookies;
    let cookie = cookies.set(
        &cookies.state(&state),
        &state,
        Duration::from_millis(Vault::STATE_LIFETIME),
    )?;
    let mut location =
        HeaderValue::from_str(&provider.redirect(&state)).map_err(|_| Refusal::internal())?;
    location.set_sensitive(true);

    let mut response = answer::empty(StatusCode::FOUND);
    let answer = response.headers_mut();
    answer.insert(header::LOCATION, location);
    answer.append(header::SET_COOKIE, cookie);
    for name in cookies.surplus_states(&headers) {
        answer.append(header::SET_COOKIE, cookies.delete(name)?);
    }
    Ok(reachable_from_frames(response))
}

/// `GET /session/create`: gives the browser a session, once per state and per JWT.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let query = Query::parse(uri.query())?;
    let parameter = |name| query.get(name).filter(|value| !value.is_empty());
    let compact = parameter("openid_token")
        .ok_or_else(|| Refusal::bad_request("missing openid_token in request"))?;
    let jwt = TransferJwt::verify(compact, &shared).await?;

    // From here on the JWT is known to somebody who should have used it: whatever is wrong with the
    // state, it must not be good for a second try.
    let (state, claims) = match check_state(&shared, &headers, parameter("state"), &jwt) {
        Ok(checked) => checked,
        Err(refusal) => {
            shared.vault.spend_jwt(&jwt.id, jwt.spent_until).await?;
            return Err(refusal);
        }
    };
    let handle = shared
        .vault
        .create_session(&claims, &jwt.id, jwt.spent_until, &jwt.session)
        .await?
        .ok_or_else(|| Refusal::bad_request("state or openid_token has been used before"))?;

    let cookies = &shared.config.cookies;
    let session_cookie = cookies.set(
        cookies.session(),
        handle.expose_secret(),
        Duration::from_millis(Vault::SESSION_LIFETIME),
    )?;
    let state_deletion = cookies.delete(&cookies.state(state))?;
    let mut response = answer::success();
    let answer = response.headers_mut();
    if let Some(hash) = session_hash::of(&jwt.session) {
        answer.insert(CREATED_SESSION_HASH, hash);
    }
    answer.append(header::SET_COOKIE, session_cookie);
    answer.append(header::SET_COOKIE, state_deletion);
    Ok(reachable_from_frames(response))
}

/// A JWT that stands for a user's session and may be used once.
struct TransferJwt {
    session: SessionId,
    /// What is remembered of it, unambiguously: its `jti`, or a hash when it has none.
    id: Vec<u8>,
    /// Until when it must be remembered, in milliseconds since the Unix epoch.
    spent_until: u64,
    nonce: Option<String>,
}

impl TransferJwt {
    async fn verify(compact: &str, shared: &Shared) -> Result<Self, Refusal> {
        let invalid = || {
            Refusal::bad_request(
                "unable to verify openid_token: it must be a transfer JWT for this tokenizer that has not expired",
            )
        };
        let claims =
            auth::verify(compact, shared)
                .await
                .map_err(|unidentified| match unidentified {
                    Unidentified::Refused(refusal) => refusal,
                    Unidentified::Nobody | Unidentified::Invalid | Unidentified::OtherTokenizer => {
                        invalid()
                    }
                })?;
        let nonce = match (claims.kind, &claims.nonce) {
            (JwtKind::Plain, _) => None,
            (JwtKind::Transfer, Some(nonce)) => Some(nonce.clone()),
            (JwtKind::Transfer, None) => return Err(invalid()),
        };
        let id = match &claims.jti {
            Some(jti) => [b"jti:", jti.as_bytes()].concat(),
            None => [b"jws:", claims.signing_input_sha256.as_slice()].concat(),
        };
        let leeway = u64::try_from(shared.config.jwt.leeway.as_millis()).unwrap_or(u64::MAX);
        let spent_until = unix_millis(claims.expires_at)
            .saturating_add(leeway)
            .saturating_add(1);
        let session = user_session(claims).ok_or_else(invalid)?;
        Ok(Self {
            session,
            id,
            spent_until,
            nonce,
        })
    }
}

fn user_session(claims: Claims) -> Option<SessionId> {
    match claims.subject {
        Subject::User => claims.session,
        Subject::Application | Subject::Developer => None,
    }
}

fn unix_millis(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
}

/// The state must be this browser's, this JWT's and ours. Whether it has been used is for the vault
/// to say.
fn check_state<'q>(
    shared: &Shared,
    headers: &HeaderMap,
    state: Option<&'q str>,
    jwt: &TransferJwt,
) -> Result<(&'q str, StateClaims), Refusal> {
    let state = state.ok_or_else(|| Refusal::bad_request("missing state in request"))?;
    let cookie = Cookies::read(headers, &shared.config.cookies.state(state))?
        .ok_or_else(|| Refusal::bad_request("unable to get state cookie in request"))?;
    if !constant_time_eq(cookie.as_bytes(), state.as_bytes()) {
        return Err(Refusal::bad_request(
            "state token query parameter and state token cookie do not match",
        ));
    }
    let expected = base64url(&sha256(state.as_bytes()));
    if let Some(nonce) = &jwt.nonce
        && !constant_time_eq(nonce.as_bytes(), expected.as_bytes())
    {
        return Err(Refusal::bad_request(
            "openid_token was made for another state",
        ));
    }
    let claims = shared.vault.check_state(state).map_err(|_| {
        Refusal::bad_request("state is not ours or has expired: start again at /session/ensure")
    })?;
    Ok((state, claims))
}

/// Frames of other sites and no-cors requests of theirs get here by redirects. Nothing in the answer
/// can be read by them.
fn reachable_from_frames(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// `GET /session/verify`: says whether the browser has a session, also to the application's pages.
/// As from the original, "no" has status 200.
pub(super) async fn verify(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let no = |message: &'static str| answer::failure(StatusCode::OK, message.into());
    let response = match auth::identify(&headers, &shared).await {
        Ok(_) => answer::success(),
        Err(Unidentified::Nobody) => no("LunaSec is not logged in"),
        Err(Unidentified::Invalid | Unidentified::OtherTokenizer) => {
            no("LunaSec session cookie signing check failed")
        }
        Err(Unidentified::Refused(refusal)) => refusal.into_response(),
    };
    cors::allow_application(&headers, &shared.config.application_origins, response)
}

pub(super) async fn verify_preflight(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Response {
    cors::application_preflight(&headers, &shared.config.application_origins)
}
