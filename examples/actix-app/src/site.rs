//! The pages, on actix-web.

use crate::{
    browser::{ICON, STYLE, wants_page},
    error::AppError,
    failure::Failure,
    model::{Success, UserName},
    pages::{EditPage, LogInPage, PeoplePage, PersonPage, ProfilePage, Shell},
    session::User,
    users::Users,
};
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, Responder,
    dev::Payload,
    http::header,
    web::{Data, Html, Path},
};
use askama::Template;
use lunadefend_actix::{Granter, Luna, Session};
use std::{
    convert::Infallible,
    future::{Ready, ready},
};

type Page = Result<Html, Failure>;

pub(crate) async fn log_in(luna: Data<Luna>) -> Page {
    let shell = Shell::of_nobody(luna.elements().script_tag());
    Ok(Html::new(LogInPage { shell }.render()?))
}

pub(crate) async fn profile(
    luna: Data<Luna>,
    users: Data<Users>,
    User(user): User,
    grants: Granter,
) -> Page {
    let documents = grants.grant(users.documents(&user, &user).await?).await?;
    let page = ProfilePage {
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(grants.session())?,
        documents: &documents,
    };
    Ok(Html::new(page.render()?))
}

pub(crate) async fn edit(
    luna: Data<Luna>,
    users: Data<Users>,
    User(user): User,
    grants: Granter,
) -> Page {
    let documents = grants.grant(users.documents(&user, &user).await?).await?;
    let page = EditPage {
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(grants.session())?,
        documents: &documents,
    };
    Ok(Html::new(page.render()?))
}

pub(crate) async fn people(luna: Data<Luna>, users: Data<Users>, User(user): User) -> Page {
    let page = PeoplePage {
        people: &users.everybody(&user).await?,
        shell: shell(&luna, &users, &user).await?,
    };
    Ok(Html::new(page.render()?))
}

/// Nothing is granted here: the support sees that there are secrets, and none of them.
pub(crate) async fn person(
    luna: Data<Luna>,
    users: Data<Users>,
    User(user): User,
    Session(session): Session,
    owner: Path<String>,
) -> Page {
    let owner = UserName::try_from(owner.into_inner()).map_err(|_| AppError::NotYourRow)?;
    let page = PersonPage {
        documents: &users.documents(&user, &owner).await?,
        shell: shell(&luna, &users, &user).await?,
        session: luna.page_session(&session)?,
        owner: &owner,
    };
    Ok(Html::new(page.render()?))
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

impl FromRequest for Done {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let accept = request.headers().get(header::ACCEPT);
        let page = wants_page(accept.and_then(|accept| accept.to_str().ok()));
        ready(Ok(Self { page }))
    }
}

impl Responder for Done {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        if self.page {
            let start = (header::LOCATION, "/");
            HttpResponse::SeeOther().insert_header(start).finish()
        } else {
            HttpResponse::Ok().json(Success::ANSWER)
        }
    }
}

pub(crate) async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}

pub(crate) async fn icon() -> HttpResponse {
    asset("image/svg+xml", ICON)
}

/// [htmx](https://htmx.org) 4.0.1 as its authors built it; its licence is beside it.
pub(crate) async fn htmx() -> HttpResponse {
    let script = include_str!("../assets/htmx.min.js");
    asset("text/javascript; charset=utf-8", script)
}

fn asset(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "max-age=300"))
        .body(text)
}
