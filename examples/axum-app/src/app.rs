//! The routes.

use crate::{
    error::AppError,
    failure::Failure,
    model::{GetSsn, Login, MAX_BODY, Profile, SetSsn, Success, UserName},
    session::{self, User},
    users::Users,
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRef, Path, State, rejection::JsonRejection},
    routing::{get, post},
};
use lunadefend::LunaDefend;
use lunadefend_axum::{Granted, Granter, Luna, Session as LunaSession, Verified};
use tower_sessions::Session;

#[derive(Clone, FromRef)]
struct App {
    luna: Luna,
    users: Users,
}

pub(crate) fn router(luna: LunaDefend, users: Users) -> Router {
    let luna = Luna::new(luna, |parts| {
        session::id(parts.extensions.get::<Session>().cloned())
    });
    Router::new()
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/set-ssn", post(set_ssn))
        .route("/get-ssn", get(get_ssn))
        .route("/profile", get(profile).post(set_profile))
        .route("/profile/{user}", get(profile_of))
        .merge(luna.routes())
        .fallback(async || Failure::from(AppError::NotFound))
        .method_not_allowed_fallback(async || Failure::from(AppError::MethodNotAllowed))
        .layer(session::layer())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(App { luna, users })
}

async fn login(
    State(users): State<Users>,
    session: Session,
    body: Result<Json<Login>, JsonRejection>,
) -> Result<Json<Success>, Failure> {
    // axum's own message would repeat the input.
    let Json(login) = body.map_err(|_| AppError::BadLogin)?;
    users.log_in(&login.user).await?;
    session::begin(&session, &login.user).await?;
    Ok(Json(Success::ANSWER))
}

/// Ends the session here, then at the tokenizer; here even if the tokenizer does not respond.
async fn logout(
    State(luna): State<Luna>,
    ended: Option<LunaSession>,
    session: Session,
) -> Result<Json<Success>, Failure> {
    session.flush().await?;
    if let Some(LunaSession(ended)) = ended {
        luna.sessions().end(&ended).await?;
    }
    Ok(Json(Success::ANSWER))
}

async fn set_ssn(
    State(users): State<Users>,
    User(user): User,
    Verified(form): Verified<SetSsn>,
) -> Result<Json<Success>, Failure> {
    users.set_ssn(&user, form.ssn_token).await?;
    Ok(Json(Success::ANSWER))
}

async fn get_ssn(
    State(users): State<Users>,
    User(user): User,
    grants: Granter,
) -> Result<Granted<GetSsn>, Failure> {
    let ssn_token = users.ssn(&user).await?;
    Ok(grants.grant(GetSsn::new(ssn_token)).await?)
}

async fn set_profile(
    State(users): State<Users>,
    User(user): User,
    Verified(profile): Verified<Profile>,
) -> Result<Json<Success>, Failure> {
    users.set_profile(&user, profile).await?;
    Ok(Json(Success::ANSWER))
}

async fn profile(
    State(users): State<Users>,
    User(user): User,
    grants: Granter,
) -> Result<Granted<Profile>, Failure> {
    let profile = users.profile(&user, &user).await?;
    Ok(grants.grant(profile).await?)
}

/// The request names the row: check that the user may read it before granting anything.
async fn profile_of(
    State(users): State<Users>,
    User(reader): User,
    Path(owner): Path<String>,
    grants: Granter,
) -> Result<Granted<Profile>, Failure> {
    let owner = UserName::try_from(owner).map_err(|_| AppError::NotYourRow)?;
    let profile = users.profile(&reader, &owner).await?;
    Ok(grants.grant(profile).await?)
}
