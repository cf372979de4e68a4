//! The pages, on axum.

use crate::{
    browser::{ICON, STYLE, wants_page},
    error::AppError,
    failure::Failure,
    model::{Success, UserName},
    pages::{EditPage, LogInPage, PeoplePage, PersonPage, ProfilePage, Shell},
    session::User,
    users::Users,
};
use askama::Template;
use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::{header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use lunadefend_axum::{Granter, Luna, Session};
use std::convert::Infallible;

type Page = Result<Html<String>, Failure>;

pub(crate) async fn log_in(State(luna): State<Luna>) -> Page {
    let shell = Shell::of_nobody(luna.elements().script_tag());
    Ok(Html(LogInPage { shell }.render()?))
}

pub(crate) async fn profile(
    State(luna): State<Luna>,
    State(users): State<Users>,
    User(user): User,
    grants: Granter,
) -> Page {
    let documents = grants.grant(users.documents(&user, &user).await?).await?;
    let page = ProfilePage {
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(grants.session())?,
        documents: &documents,
    };
    Ok(Html(page.render()?))
}

pub(crate) async fn edit(
    State(luna): State<Luna>,
    State(users): State<Users>,
    User(user): User,
    grants: Granter,
) -> Page {
    let documents = grants.grant(users.documents(&user, &user).await?).await?;
    let page = EditPage {
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(grants.session())?,
        documents: &documents,
    };
    Ok(Html(page.render()?))
}

pub(crate) async fn people(
    State(luna): State<Luna>,
    State(users): State<Users>,
    User(user): User,
) -> Page {
    let page = PeoplePage {
        people: &users.everybody(&user).await?,
        shell: shell(&luna, &users, &user).await?,
    };
    Ok(Html(page.render()?))
}

/// Nothing is granted here: the support sees that there are secrets, and none of them.
pub(crate) async fn person(
    State(luna): State<Luna>,
    State(users): State<Users>,
    User(user): User,
    Session(session): Session,
    Path(owner): Path<String>,
) -> Page {
    let owner = UserName::try_from(owner).map_err(|_| AppError::NotYourRow)?;
    let page = PersonPage {
        documents: &users.documents(&user, &owner).await?,
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(&session)?,
        owner: &owner,
    };
    Ok(Html(page.render()?))
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

impl<S: Send + Sync> FromRequestParts<S> for Done {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let accept = parts.headers.get(header::ACCEPT);
        let page = wants_page(accept.and_then(|accept| accept.to_str().ok()));
        Ok(Self { page })
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        if self.page {
            Redirect::to("/").into_response()
        } else {
            Json(Success::ANSWER).into_response()
        }
    }
}

pub(crate) async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", STYLE)
}

pub(crate) async fn icon() -> impl IntoResponse {
    asset("image/svg+xml", ICON)
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "max-age=300"),
    ];
    (headers, text)
}
