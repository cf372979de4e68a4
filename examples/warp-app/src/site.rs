//! The pages, on warp.

use crate::{
    browser::{ICON, STYLE, wants_page},
    error::AppError,
    failure::Failure,
    model::{Success, UserName},
    pages::{EditPage, LogInPage, PeoplePage, PersonPage, ProfilePage, Shell},
    users::Users,
};
use askama::Template;
use lunadefend_warp::{Granter, Luna, Session};
use std::convert::Infallible;
use warp::{
    Filter, Reply,
    filters::BoxedFilter,
    get,
    http::Uri,
    path, redirect,
    reply::{self, Html, Response},
};

type Page = Result<Html<String>, Failure>;

pub(crate) async fn log_in(luna: Luna) -> Page {
    let shell = Shell::of_nobody(luna.elements().script_tag());
    Ok(reply::html(LogInPage { shell }.render()?))
}

pub(crate) async fn profile(user: UserName, users: Users, luna: Luna, grants: Granter) -> Page {
    let documents = grants.grant(users.documents(&user, &user).await?).await?;
    let page = ProfilePage {
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(grants.session())?,
        documents: &documents,
    };
    Ok(reply::html(page.render()?))
}

pub(crate) async fn edit(user: UserName, users: Users, luna: Luna, grants: Granter) -> Page {
    let documents = grants.grant(users.documents(&user, &user).await?).await?;
    let page = EditPage {
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(grants.session())?,
        documents: &documents,
    };
    Ok(reply::html(page.render()?))
}

pub(crate) async fn people(user: UserName, users: Users, luna: Luna) -> Page {
    let page = PeoplePage {
        people: &users.everybody(&user).await?,
        shell: shell(&luna, &users, &user).await?,
    };
    Ok(reply::html(page.render()?))
}

/// Nothing is granted here: the support sees that there are secrets, and none of them.
pub(crate) async fn person(
    owner: String,
    user: UserName,
    users: Users,
    luna: Luna,
    Session(session): Session,
) -> Page {
    let owner = UserName::try_from(owner).map_err(|_| AppError::NotYourRow)?;
    let page = PersonPage {
        documents: &users.documents(&user, &owner).await?,
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(&session)?,
        owner: &owner,
    };
    Ok(reply::html(page.render()?))
}

async fn shell<'a>(
    luna: &'a Luna,
    users: &Users,
    user: &'a UserName,
) -> Result<Shell<'a>, Failure> {
    Ok(Shell {
        script_tag: luna.elements().script_tag(),
        support: users.is_support(user).await?,
        user: Some(user),
    })
}

/// The response to a request that changed something: a browser goes to the start, a program gets JSON.
#[derive(Clone, Copy)]
pub(crate) struct Done {
    page: bool,
}

impl Done {
    /// Extracts the response that a request wants.
    pub(crate) fn wanted() -> impl Filter<Extract = (Self,), Error = Infallible> + Copy {
        warp::header::headers_cloned().map(|headers: warp::http::HeaderMap| {
            let accept = headers.get("accept");
            let page = wants_page(accept.and_then(|accept| accept.to_str().ok()));
            Self { page }
        })
    }
}

impl Reply for Done {
    fn into_response(self) -> Response {
        if self.page {
            redirect::see_other(Uri::from_static("/")).into_response()
        } else {
            reply::json(&Success::ANSWER).into_response()
        }
    }
}

/// The files of the pages.
pub(crate) fn assets() -> BoxedFilter<(Response,)> {
    let style = path!("assets" / "style.css").map(|| asset("text/css; charset=utf-8", STYLE));
    let icon = path!("assets" / "icon.svg").map(|| asset("image/svg+xml", ICON));
    let forms = path!("assets" / "forms.js").map(|| {
        let script = include_str!("../assets/forms.js");
        asset("text/javascript; charset=utf-8", script)
    });
    get().and(style.or(icon).unify().or(forms).unify()).boxed()
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let typed = reply::with_header(text, "content-type", kind);
    reply::with_header(typed, "cache-control", "max-age=300").into_response()
}
