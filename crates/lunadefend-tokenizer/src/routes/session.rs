//! `/session/*`: a browser with a session of the application gets one of the tokenizer, and ends it.

mod transfer;

use crate::{
    auth::{self, AuthError},
    body::Json,
    config::Provider,
    error::ApiError,
    headers::CREATED_SESSION_HASH,
    operation::{Content, Operation, data, done, nothing},
    query::Query,
    response, session_hash,
    state::Shared,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use lunadefend_core::{SessionId, wire::Empty};
use lunadefend_vault::{IssuedState, SessionHandle, StateHolder, Transfer, Vault};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use transfer::{CheckedState, TransferJwt, until_next_second};

/// The start of a session transfer.
pub(super) const ENSURE: &str = "/session/ensure";
/// The parameter that `/session/create` adds when it sends a browser back here.
const SECOND_ATTEMPT: &str = "second_attempt";

/// Describes [`ensure`].
pub(super) fn about_ensure() -> Operation {
    nothing(
        StatusCode::FOUND,
        "To the auth provider.",
        "Begins a session transfer.",
    )
    .sends(header::LOCATION, "The auth provider, with the state.")
    .sends(header::SET_COOKIE, "The secret of the state.")
    .query(
        "auth_provider",
        "The name of the auth provider; without it the default one.",
    )
    .query(
        "second_attempt",
        "Added when `/session/create` sends a browser back here.",
    )
    .refuses(
        StatusCode::BAD_REQUEST,
        "An unknown auth provider, or a malformed request.",
    )
}

/// `GET /session/ensure`: sends the browser to the auth provider, with a state in the URL and its secret
/// in a cookie.
pub(super) async fn ensure(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = Query::parse(uri.query())?;
    let provider = shared
        .config
        .providers
        .find(query.get("auth_provider").filter(|name| !name.is_empty()))
        .ok_or_else(|| ApiError::bad_request("unable to find auth provider with provided name"))?;
    // A client that invents it gains nothing: a first attempt may be repeated, a second may not.
    let holder = match query.get(SECOND_ATTEMPT) {
        None => StateHolder::Redirect,
        Some(_) => StateHolder::SecondRedirect,
    };
    let issued = shared.vault.issue_state(provider.name(), holder)?;
    let mut response = redirect(&provider.redirect(issued.state.expose_secret()))?;
    set_state(&shared, &headers, &issued, &mut response)?;
    Ok(response)
}

/// Describes [`state`].
pub(super) fn about_state() -> Operation {
    data::<StateMade<'_>>("Makes a state for the page of the frame, which begins a transfer.")
        .sends(header::SET_COOKIE, "The secret of the state.")
        .refuses(
            StatusCode::BAD_REQUEST,
            "An unknown auth provider, or a malformed request.",
        )
}

/// `POST /session/state`: makes a state for the frame, which hands it to its page. The page begins the transfer
/// at the application's own origin, where every browser sends the application's cookie.
///
/// # Security
/// Script of the page may bring a JWT of another account for the state: see [`StateHolder::Page`].
pub(super) async fn state(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Json(wanted): Json<StateWanted>,
) -> Result<Response, ApiError> {
    let provider = shared
        .config
        .providers
        .find(wanted.auth_provider.as_deref())
        .ok_or_else(|| ApiError::bad_request("unable to find auth provider with provided name"))?;
    let issued = shared
        .vault
        .issue_state(provider.name(), StateHolder::Page)?;
    let mut response = response::data(StateMade {
        state: issued.state.expose_secret(),
    });
    set_state(&shared, &headers, &issued, &mut response)?;
    Ok(response)
}

/// The body of `/session/state`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct StateWanted {
    /// The name of the auth provider; without it the default one.
    auth_provider: Option<String>,
}

/// The `data` of its response.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(super) struct StateMade<'a> {
    /// The state, a secret of the browser: it begins one transfer.
    state: &'a str,
}

/// Sets the cookie of a state, and deletes the oldest beyond the maximum.
fn set_state(
    shared: &Shared,
    request: &HeaderMap,
    issued: &IssuedState,
    response: &mut Response,
) -> Result<(), ApiError> {
    let cookies = &shared.config.cookies;
    let cookie = cookies.set(
        &cookies.state(issued.state.expose_secret()),
        issued.cookie.expose_secret(),
        Vault::STATE_LIFETIME,
    )?;
    let answer = response.headers_mut();
    answer.append(header::SET_COOKIE, cookie);
    for name in cookies.surplus_states(request) {
        answer.append(header::SET_COOKIE, cookies.delete(name)?);
    }
    Ok(())
}

fn redirect(url: &str) -> Result<Response, ApiError> {
    let mut location = HeaderValue::from_str(url).map_err(|_| ApiError::internal())?;
    location.set_sensitive(true);
    let mut response = response::empty(StatusCode::FOUND);
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// Describes [`create`].
pub(super) fn about_create() -> Operation {
    done("Exchanges a transfer JWT, once, for a session of the tokenizer.")
        .answer(
            StatusCode::FOUND,
            "Another tab used the same JWT: to `/session/ensure` again.",
            Content::Empty,
        )
        .may_send(header::LOCATION, "`/session/ensure`.")
        .may_send(
            CREATED_SESSION_HASH,
            "The hash of the session, as LunaSec computes it.",
        )
        .sends(
            header::SET_COOKIE,
            "The session, and the deletion of the state.",
        )
        .required_query(
            "state",
            "The state of `/session/ensure` or `/session/state`.",
        )
        .required_query("openid_token", "The transfer JWT of the application.")
        .refuses(
            StatusCode::BAD_REQUEST,
            "State, JWT and cookie do not match, or have been used.",
        )
}

/// `GET /session/create`: gives the browser a session, once per state and per JWT.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let query = Query::parse(uri.query())?;
    let parameter = |name| query.get(name).filter(|value| !value.is_empty());
    let compact = parameter("openid_token")
        .ok_or_else(|| ApiError::bad_request("missing openid_token in request"))?;
    let jwt = TransferJwt::verify(compact, &shared).await?;

    // From here on the client has used the JWT: even with an invalid state it must not be valid for a second
    // try.
    let state = match CheckedState::check(&shared, &headers, parameter("state"), &jwt) {
        Ok(state) => state,
        Err(error) => {
            shared.vault.spend_jwt(&jwt.id, jwt.spent_until).await?;
            return Err(error);
        }
    };
    let transfer = shared
        .vault
        .create_session(&state.claims, &jwt.id, jwt.spent_until, &jwt.session)
        .await?;
    let mut response = match (transfer, jwt.shared_since) {
        (Transfer::Session(handle), _) => created(&shared, state.provider, &handle, &jwt.session)?,
        (Transfer::SessionEnded, _) => return Err(ApiError::session_ended()),
        (Transfer::JwtUsed, Some(signed))
            if state.claims.holder() != StateHolder::SecondRedirect =>
        {
            // Another tab of this browser most likely, which began in the same second.
            let wait = until_next_second(signed, shared.vault.clock().now());
            shared.timer.sleep(wait).await;
            let provider = state.provider.name();
            let path = format!("{}?auth_provider={provider}&{SECOND_ATTEMPT}", ENSURE);
            redirect(&shared.config.public_url.join(&path))?
        }
        (Transfer::JwtUsed | Transfer::StateUsed, _) => {
            return Err(ApiError::bad_request(
                "state or openid_token has been used before",
            ));
        }
    };
    let cookies = &shared.config.cookies;
    let state_deletion = cookies.delete(&cookies.state(state.text))?;
    response
        .headers_mut()
        .append(header::SET_COOKIE, state_deletion);
    Ok(response)
}

fn created(
    shared: &Shared,
    provider: &Provider,
    handle: &SessionHandle,
    session: &SessionId,
) -> Result<Response, ApiError> {
    let cookies = &shared.config.cookies;
    let cookie = cookies.set(
        &cookies.session(provider.name()),
        handle.expose_secret(),
        Vault::SESSION_LIFETIME,
    )?;
    let mut response = response::success();
    let answer = response.headers_mut();
    if let Some(hash) = session_hash::of(session) {
        answer.insert(CREATED_SESSION_HASH, hash);
    }
    answer.append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `GET /session/verify`: says whether the browser has a session, also to the application's pages. As in
/// LunaSec, "no" has status 200.
pub(super) async fn verify(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match auth::identify(&headers, &shared).await {
        Ok(_) => response::success(),
        Err(AuthError::Unauthenticated) => response::no("LunaSec is not logged in"),
        Err(AuthError::Invalid | AuthError::OtherTokenizer) => {
            response::no("LunaSec session cookie signing check failed")
        }
        Err(AuthError::Refused(error)) => error.into_response(),
    }
}

/// `POST /session/end`: ends the browser's own session, for the frame. The application's session goes on, and
/// so do its other browser sessions. A missing session is no error.
pub(super) async fn end(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Json(Empty {}): Json<Empty>,
) -> Result<Response, ApiError> {
    let names = auth::end_browser_sessions(&headers, &shared).await?;
    let mut response = response::success();
    for name in names {
        let deletion = shared.config.cookies.delete(&name)?;
        response.headers_mut().append(header::SET_COOKIE, deletion);
    }
    Ok(response)
}
