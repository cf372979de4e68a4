//! The routes.

use crate::{
    body,
    error::AppError,
    failure::Failure,
    model::{Documents, GetSsn, Login, MAX_BODY, Profile, Remove, SetSsn, UserName},
    session::{self, User},
    site::{self, Done},
    users::Users,
};
use actix_session::Session;
use actix_web::{
    HttpRequest, Resource,
    http::header,
    web::{self, Bytes, Data, Path, PayloadConfig, ServiceConfig},
};
use lunadefend::{LunaDefend, SessionId};
use lunadefend_actix::{Granted, Granter, Luna, Session as LunaSession, Verified};
use serde::de::DeserializeOwned;

pub(crate) fn routes(luna: LunaDefend, users: Users) -> impl Fn(&mut ServiceConfig) + Clone {
    let luna = Luna::new(luna, |request| std::future::ready(session::id(request)));
    move |config| {
        config
            .app_data(Data::new(users.clone()))
            .app_data(PayloadConfig::new(MAX_BODY))
            .service(at("/").get(site::profile))
            .service(at("/login").get(site::log_in).post(login))
            .service(at("/logout").post(logout))
            .service(at("/edit").get(site::edit).post(set_documents))
            .service(at("/remove").post(remove))
            .service(at("/people").get(site::people))
            .service(at("/people/{user}").get(site::person))
            .service(at("/assets/style.css").get(site::style))
            .service(at("/assets/icon.svg").get(site::icon))
            .service(at("/assets/htmx.min.js").get(site::htmx))
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

async fn not_found() -> Result<Done, Failure> {
    Err(AppError::NotFound.into())
}

async fn method_not_allowed() -> Result<Done, Failure> {
    Err(AppError::MethodNotAllowed.into())
}

async fn login(
    users: Data<Users>,
    session: Session,
    done: Done,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> Result<Done, Failure> {
    let login: Login = read(&request, body)?;
    users.log_in(&login.user).await?;
    session::begin(&session, login.user)?;
    Ok(done)
}

fn read<T: DeserializeOwned>(
    request: &HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> Result<T, AppError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    body::read(kind, &body.map_err(|_| AppError::BadBody)?)
}

/// Ends the session here, then at the tokenizer; here even if the tokenizer does not respond.
async fn logout(
    luna: Data<Luna>,
    LunaSession(ended): LunaSession<Option<SessionId>>,
    session: Session,
    done: Done,
) -> Result<Done, Failure> {
    session::end(&session);
    if let Some(ended) = ended {
        luna.sessions().end(&ended).await?;
    }
    Ok(done)
}

async fn set_ssn(
    users: Data<Users>,
    User(user): User,
    done: Done,
    Verified(form): Verified<SetSsn>,
) -> Result<Done, Failure> {
    users.set_ssn(&user, form.ssn_token).await?;
    Ok(done)
}

/// The form of the page: each token in it is the row's own, or a new one.
async fn set_documents(
    users: Data<Users>,
    User(user): User,
    done: Done,
    Verified(documents): Verified<Documents>,
) -> Result<Done, Failure> {
    users.set_documents(&user, documents).await?;
    Ok(done)
}

async fn remove(
    users: Data<Users>,
    User(user): User,
    done: Done,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> Result<Done, Failure> {
    let Remove { field } = read(&request, body)?;
    users.remove(&user, field).await?;
    Ok(done)
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
    done: Done,
    Verified(profile): Verified<Profile>,
) -> Result<Done, Failure> {
    users.set_profile(&user, profile).await?;
    Ok(done)
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
