//! The routes.

use crate::{
    body,
    error::AppError,
    failure::Failure,
    guard::guard,
    model::{Documents, GetSsn, Login, MAX_BODY, Profile, Remove, SetSsn, UserName},
    session::{self, User},
    site::{self, Done},
    users::Users,
};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRef, Path, State, rejection::BytesRejection},
    http::{HeaderMap, header},
    middleware::from_fn_with_state,
    routing::{get, post},
};
use lunadefend::LunaDefend;
use lunadefend_axum::{Granted, Granter, Luna, Session as LunaSession, Verified};
use serde::de::DeserializeOwned;
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
        .route("/", get(site::profile))
        .route("/login", get(site::log_in).post(login))
        .route("/logout", post(logout))
        .route("/edit", get(site::edit).post(set_documents))
        .route("/remove", post(remove))
        .route("/people", get(site::people))
        .route("/people/{user}", get(site::person))
        .route("/assets/style.css", get(site::style))
        .route("/assets/icon.svg", get(site::icon))
        .route("/set-ssn", post(set_ssn))
        .route("/get-ssn", get(get_ssn))
        .route("/profile", get(profile).post(set_profile))
        .route("/profile/{user}", get(profile_of))
        .merge(luna.routes())
        .fallback(async || Failure::from(AppError::NotFound))
        .method_not_allowed_fallback(async || Failure::from(AppError::MethodNotAllowed))
        .layer(session::layer())
        .layer(from_fn_with_state(luna.clone(), guard))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(App { luna, users })
}

async fn login(
    State(users): State<Users>,
    session: Session,
    done: Done,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Done, Failure> {
    let login: Login = read(&headers, body)?;
    users.log_in(&login.user).await?;
    session::begin(&session, &login.user).await?;
    Ok(done)
}

fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<T, AppError> {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    body::read(kind, &body.map_err(|_| AppError::BadBody)?)
}

/// Ends the session here, then at the tokenizer; here even if the tokenizer does not respond.
async fn logout(
    State(luna): State<Luna>,
    ended: Option<LunaSession>,
    session: Session,
    done: Done,
) -> Result<Done, Failure> {
    session.flush().await?;
    if let Some(LunaSession(ended)) = ended {
        luna.sessions().end(&ended).await?;
    }
    Ok(done)
}

async fn set_ssn(
    State(users): State<Users>,
    User(user): User,
    done: Done,
    Verified(form): Verified<SetSsn>,
) -> Result<Done, Failure> {
    users.set_ssn(&user, form.ssn_token).await?;
    Ok(done)
}

/// The form of the page: each token in it is the row's own, or a new one.
async fn set_documents(
    State(users): State<Users>,
    User(user): User,
    done: Done,
    Verified(documents): Verified<Documents>,
) -> Result<Done, Failure> {
    users.set_documents(&user, documents).await?;
    Ok(done)
}

async fn remove(
    State(users): State<Users>,
    User(user): User,
    done: Done,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Done, Failure> {
    let Remove { field } = read(&headers, body)?;
    users.remove(&user, field).await?;
    Ok(done)
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
    done: Done,
    Verified(profile): Verified<Profile>,
) -> Result<Done, Failure> {
    users.set_profile(&user, profile).await?;
    Ok(done)
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
