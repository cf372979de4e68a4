//! The routes.

use crate::{
    failure::{Failure, recover},
    session::{self, Sessions},
};
use app_common::{AppError, GetSsn, Login, Profile, SetSsn, Success, UserName, Users};
use lunadefend::LunaDefend;
use lunadefend_warp::{Granted, Granter, Luna, Verified};
use std::{convert::Infallible, future::ready};
use warp::{Filter, Reply, filters::BoxedFilter, get, path, post, reply};

pub(crate) fn routes(
    luna: LunaDefend,
    users: Users,
    sessions: Sessions,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let luna = Luna::new(luna, sessions.session(), |session| {
        ready(session::id(session))
    });
    let user = sessions.user();
    let users = with(users);
    let sessions = with(sessions);

    let login_post = path!("login").and(post()).and(login_body());
    let login_route = login_post.and(users.clone()).and(sessions.clone());
    let logout_route = path!("logout").and(post()).and(sessions);
    // The method before the user: a 405 is a 405 for everybody.
    let row = user.and(users);
    luna.handle(login_route, login)
        .or(luna.handle(logout_route, logout))
        .or(luna.handle(path!("set-ssn").and(post()).and(row.clone()), set_ssn))
        .or(luna.handle(path!("get-ssn").and(get()).and(row.clone()), get_ssn))
        .or(luna.handle(path!("profile").and(get()).and(row.clone()), profile))
        .or(luna.handle(path!("profile").and(post()).and(row.clone()), set_profile))
        .or(luna.handle(path!("profile" / String).and(get()).and(row), profile_of))
        .or(luna.routes())
        .recover(recover)
}

/// Extracts a copy of a value.
fn with<T: Clone + Send + Sync + 'static>(value: T) -> BoxedFilter<(T,)> {
    warp::any().map(move || value.clone()).boxed()
}

/// Extracts the log-in. What cannot be read is `None`: a rejection of warp would repeat what was sent.
fn login_body() -> BoxedFilter<(Option<Login>,)> {
    warp::body::content_length_limit(4096)
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
    Ok(with_cookie(cookie))
}

async fn logout(sessions: Sessions) -> impl Reply {
    with_cookie(sessions.end())
}

fn with_cookie(cookie: String) -> impl Reply {
    reply::with_header(reply::json(&Success::ANSWER), "set-cookie", cookie)
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

/// The row is named by the request: whether the user may read it is decided before anything is granted.
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
