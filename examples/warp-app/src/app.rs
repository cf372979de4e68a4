//! The routes.

use crate::{
    body,
    error::AppError,
    failure::{Failure, recover},
    guard::guard,
    model::{Documents, GetSsn, Login, MAX_BODY, Profile, Remove, SetSsn, UserName},
    session::{self, Sessions},
    site::{self, Done},
    users::Users,
};
use lunadefend::LunaDefend;
use lunadefend_warp::{Granted, Granter, Luna, Session, Verified};
use serde::de::DeserializeOwned;
use std::{convert::Infallible, future::ready};
use warp::{
    Filter, Reply, filters::BoxedFilter, get, hyper::body::Bytes, path, post, reply,
    reply::Response,
};

pub(crate) fn routes(
    luna: LunaDefend,
    users: Users,
    sessions: Sessions,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    let provider = |session| ready(session::id(session));
    let luna = Luna::new(luna, sessions.session(), provider).body_limit(MAX_BODY);
    // After the method filter: a wrong method is a 405, logged in or not.
    let user = sessions.user().and(with(users.clone()));
    let (done, with_luna) = (Done::wanted(), with(luna.clone()));

    let log_in = path!("login").and(post()).and(read::<Login>()).and(done);
    let log_in = log_in.and(with(users)).and(with(sessions.clone()));
    let log_out = path!("logout").and(post()).and(done);
    let log_out = log_out.and(with(sessions)).and(with_luna.clone());
    let set_own_ssn = path!("set-ssn").and(post()).and(user.clone()).and(done);
    let get_own_ssn = path!("get-ssn").and(get()).and(user.clone());
    let set_own_profile = path!("profile").and(post()).and(user.clone()).and(done);
    let get_own_profile = path!("profile").and(get()).and(user.clone());
    let get_profile = path!("profile" / String).and(get()).and(user.clone());
    let set_own_documents = path!("edit").and(post()).and(user.clone()).and(done);
    let remove_own = path!("remove").and(post()).and(user.clone()).and(done);
    let api = luna
        .handle(log_in, login)
        .or(luna.handle(log_out, logout))
        .or(luna.handle(set_own_ssn, set_ssn))
        .or(luna.handle(get_own_ssn, get_ssn))
        .or(luna.handle(set_own_profile, set_profile))
        .or(luna.handle(get_own_profile, profile))
        .or(luna.handle(get_profile, profile_of))
        .or(luna.handle(set_own_documents, set_documents))
        .or(luna.handle(remove_own.and(read::<Remove>()), remove));

    let user = user.and(with_luna.clone());
    let log_in_page = path!("login").and(get()).and(with_luna);
    let profile_page = path::end().and(get()).and(user.clone());
    let edit_page = path!("edit").and(get()).and(user.clone());
    let people_page = path!("people").and(get()).and(user.clone());
    let person_page = path!("people" / String).and(get()).and(user);
    let pages = luna
        .handle(log_in_page, site::log_in)
        .or(luna.handle(profile_page, site::profile))
        .or(luna.handle(edit_page, site::edit))
        .or(luna.handle(people_page, site::people))
        .or(luna.handle(person_page, site::person))
        .or(site::assets());

    let routes = api.or(pages).or(luna.routes()).recover(recover);
    guard(luna, routes)
}

/// Extracts a copy of a value.
fn with<T: Clone + Send + Sync + 'static>(value: T) -> BoxedFilter<(T,)> {
    warp::any().map(move || value.clone()).boxed()
}

/// Extracts a body without tokens. A rejection by warp would repeat the input.
fn read<T: DeserializeOwned + Send + 'static>() -> BoxedFilter<(Result<T, AppError>,)> {
    let readable = warp::body::content_length_limit(MAX_BODY as u64)
        .and(warp::header::optional("content-type"))
        .and(warp::body::bytes())
        .map(|kind: Option<String>, body: Bytes| body::read(kind.as_deref(), &body));
    let unreadable = warp::any().map(|| Err(AppError::BadBody));
    readable.or(unreadable).unify().boxed()
}

async fn login(
    login: Result<Login, AppError>,
    done: Done,
    users: Users,
    sessions: Sessions,
) -> Result<impl Reply, Failure> {
    let Login { user } = login?;
    users.log_in(&user).await?;
    let cookie = sessions.begin(user)?;
    Ok(with_cookie(done, cookie))
}

/// Ends the session here and at the tokenizer; here even if the tokenizer does not respond.
async fn logout(done: Done, sessions: Sessions, luna: Luna, ended: Option<Session>) -> impl Reply {
    let outcome = match ended {
        Some(Session(ended)) => luna.sessions().end(&ended).await,
        None => Ok(()),
    };
    let answer = outcome.map(|()| done).map_err(Failure::from);
    with_cookie(answer, sessions.end())
}

fn with_cookie(answer: impl Reply, cookie: String) -> impl Reply {
    reply::with_header(answer, "set-cookie", cookie)
}

async fn set_ssn(
    user: UserName,
    users: Users,
    done: Done,
    Verified(form): Verified<SetSsn>,
) -> Result<Done, Failure> {
    users.set_ssn(&user, form.ssn_token).await?;
    Ok(done)
}

/// The form of the page: each token in it is the row's own, or a new one.
async fn set_documents(
    user: UserName,
    users: Users,
    done: Done,
    Verified(documents): Verified<Documents>,
) -> Result<Done, Failure> {
    users.set_documents(&user, documents).await?;
    Ok(done)
}

async fn remove(
    user: UserName,
    users: Users,
    done: Done,
    body: Result<Remove, AppError>,
) -> Result<Done, Failure> {
    users.remove(&user, body?.field).await?;
    Ok(done)
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
    done: Done,
    Verified(profile): Verified<Profile>,
) -> Result<Done, Failure> {
    users.set_profile(&user, profile).await?;
    Ok(done)
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
