//! The routes.

use crate::{
    error::AppError,
    failure::{Failure, recover},
    model::{GetSsn, Login, MAX_BODY, Profile, SetSsn, Success, UserName},
    session::{self, Sessions},
    users::Users,
};
use lunadefend::LunaDefend;
use lunadefend_warp::{Granted, Granter, Luna, Session, Verified};
use std::{convert::Infallible, future::ready};
use warp::{Filter, Reply, filters::BoxedFilter, get, path, post, reply};

pub(crate) fn routes(
    luna: LunaDefend,
    users: Users,
    sessions: Sessions,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let provider = |session| ready(session::id(session));
    let luna = Luna::new(luna, sessions.session(), provider).body_limit(MAX_BODY);
    // After the method filter: a wrong method is a 405, logged in or not.
    let user = sessions.user().and(with(users.clone()));
    let (users, sessions) = (with(users), with(sessions));

    let log_in = path!("login").and(post()).and(login_body());
    let log_in = log_in.and(users).and(sessions.clone());
    let log_out = path!("logout").and(post());
    let log_out = log_out.and(sessions).and(with(luna.clone()));
    let set_own_ssn = path!("set-ssn").and(post()).and(user.clone());
    let get_own_ssn = path!("get-ssn").and(get()).and(user.clone());
    let set_own_profile = path!("profile").and(post()).and(user.clone());
    let get_own_profile = path!("profile").and(get()).and(user.clone());
    let get_profile = path!("profile" / String).and(get()).and(user);
    luna.handle(log_in, login)
        .or(luna.handle(log_out, logout))
        .or(luna.handle(set_own_ssn, set_ssn))
        .or(luna.handle(get_own_ssn, get_ssn))
        .or(luna.handle(set_own_profile, set_profile))
        .or(luna.handle(get_own_profile, profile))
        .or(luna.handle(get_profile, profile_of))
        .or(luna.routes())
        .recover(recover)
}

/// Extracts a copy of a value.
fn with<T: Clone + Send + Sync + 'static>(value: T) -> BoxedFilter<(T,)> {
    warp::any().map(move || value.clone()).boxed()
}

/// Extracts the log-in. `None` if it cannot be read: a rejection by warp would repeat the input.
fn login_body() -> BoxedFilter<(Option<Login>,)> {
    warp::body::content_length_limit(MAX_BODY as u64)
        .and(warp::body::json().map(Some))
        .or(warp::any().map(|| None))
        .unify()
        .boxed()
}

async fn login(
    login: Option<Login>,
    users: Users,
    sessions: Sessions,
) -> Result<impl Reply, Failure> {
    let login = login.ok_or(AppError::BadLogin)?;
    users.log_in(&login.user).await?;
    let cookie = sessions.begin(login.user)?;
    Ok(with_cookie(reply::json(&Success::ANSWER), cookie))
}

/// Ends the session here and at the tokenizer; here even if the tokenizer does not respond.
async fn logout(sessions: Sessions, luna: Luna, ended: Option<Session>) -> impl Reply {
    let outcome = match ended {
        Some(Session(ended)) => luna.sessions().end(&ended).await,
        None => Ok(()),
    };
    let answer = outcome.map(|()| reply::json(&Success::ANSWER));
    with_cookie(answer.map_err(Failure::from), sessions.end())
}

fn with_cookie(answer: impl Reply, cookie: String) -> impl Reply {
    reply::with_header(answer, "set-cookie", cookie)
}

async fn set_ssn(
    user: UserName,
    users: Users,
    Verified(form): Verified<SetSsn>,
) -> Result<impl Reply, Failure> {
    users.set_ssn(&user, form.ssn_token).await?;
    Ok(reply::json(&Success::ANSWER))
}

async fn get_ssn(
    user: UserName,
    users: Users,
    grants: Granter,
) -> Result<Granted<GetSsn>, Failure> {
    let ssn_token = users.ssn(&user).await?;
    Ok(grants.grant(GetSsn::new(ssn_token)).await?)
}

async fn set_profile(
    user: UserName,
    users: Users,
    Verified(profile): Verified<Profile>,
) -> Result<impl Reply, Failure> {
    users.set_profile(&user, profile).await?;
    Ok(reply::json(&Success::ANSWER))
}

async fn profile(
    user: UserName,
    users: Users,
    grants: Granter,
) -> Result<Granted<Profile>, Failure> {
    let profile = users.profile(&user, &user).await?;
    Ok(grants.grant(profile).await?)
}

/// The request names the row: check that the user may read it before granting anything.
async fn profile_of(
    owner: String,
    reader: UserName,
    users: Users,
    grants: Granter,
) -> Result<Granted<Profile>, Failure> {
    let owner = UserName::try_from(owner).map_err(|_| AppError::NotYourRow)?;
    let profile = users.profile(&reader, &owner).await?;
    Ok(grants.grant(profile).await?)
}
