//! The routes.

use crate::{
    error::AppError,
    failure::Failure,
    model::{GetSsn, Login, MAX_BODY, Profile, SetSsn, Success, UserName},
    session::{self, User},
    users::Users,
};
use actix_session::Session;
use actix_web::{
    Resource,
    web::{self, Data, Json, Path, PayloadConfig, ServiceConfig},
};
use lunadefend::{LunaDefend, SessionId};
use lunadefend_actix::{Granted, Granter, Luna, Session as LunaSession, Verified};

pub(crate) fn routes(luna: LunaDefend, users: Users) -> impl Fn(&mut ServiceConfig) + Clone {
    let luna = Luna::new(luna, |request| std::future::ready(session::id(request)));
    move |config| {
        config
            .app_data(Data::new(users.clone()))
            .app_data(PayloadConfig::new(MAX_BODY))
            .service(at("/login").post(login))
            .service(at("/logout").post(logout))
            .service(at("/set-ssn").post(set_ssn))
            .service(at("/get-ssn").get(get_ssn))
            .service(at("/profile").get(profile).post(set_profile))
            .service(at("/profile/{user}").get(profile_of))
            .configure(luna.routes())
            .default_service(web::to(not_found));
    }
}

/// A path that responds to other methods with the application's own error.
fn at(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn not_found() -> Result<Json<Success>, Failure> {
    Err(AppError::NotFound.into())
}

async fn method_not_allowed() -> Result<Json<Success>, Failure> {
    Err(AppError::MethodNotAllowed.into())
}

async fn login(
    users: Data<Users>,
    session: Session,
    body: Result<Json<Login>, actix_web::Error>,
) -> Result<Json<Success>, Failure> {
    // actix-web's own message would repeat the input.
    let Json(login) = body.map_err(|_| AppError::BadLogin)?;
    users.log_in(&login.user).await?;
    session::begin(&session, login.user)?;
    Ok(Json(Success::ANSWER))
}

/// Ends the session here, then at the tokenizer; here even if the tokenizer does not respond.
async fn logout(
    luna: Data<Luna>,
    LunaSession(ended): LunaSession<Option<SessionId>>,
    session: Session,
) -> Result<Json<Success>, Failure> {
    session::end(&session);
    if let Some(ended) = ended {
        luna.sessions().end(&ended).await?;
    }
    Ok(Json(Success::ANSWER))
}

async fn set_ssn(
    users: Data<Users>,
    User(user): User,
    Verified(form): Verified<SetSsn>,
) -> Result<Json<Success>, Failure> {
    users.set_ssn(&user, form.ssn_token).await?;
    Ok(Json(Success::ANSWER))
}

async fn get_ssn(
    users: Data<Users>,
    User(user): User,
    grants: Granter,
) -> Result<Granted<GetSsn>, Failure> {
    let ssn_token = users.ssn(&user).await?;
    Ok(grants.grant(GetSsn::new(ssn_token)).await?)
}

async fn set_profile(
    users: Data<Users>,
    User(user): User,
    Verified(profile): Verified<Profile>,
) -> Result<Json<Success>, Failure> {
    users.set_profile(&user, profile).await?;
    Ok(Json(Success::ANSWER))
}

async fn profile(
    users: Data<Users>,
    User(user): User,
    grants: Granter,
) -> Result<Granted<Profile>, Failure> {
    let profile = users.profile(&user, &user).await?;
    Ok(grants.grant(profile).await?)
}

/// The request names the row: check that the user may read it before granting anything.
async fn profile_of(
    users: Data<Users>,
    User(reader): User,
    owner: Path<String>,
    grants: Granter,
) -> Result<Granted<Profile>, Failure> {
    let owner = UserName::try_from(owner.into_inner()).map_err(|_| AppError::NotYourRow)?;
    let profile = users.profile(&reader, &owner).await?;
    Ok(grants.grant(profile).await?)
}
