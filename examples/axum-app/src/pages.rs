//! The pages: what each template is given.
//!
//! A template prints a token only after the page's handler had it granted, with one exception: [`PersonPage`].

use crate::model::{Documents, UserName};
use askama::Template;
use lunadefend::{PageSession, trust::Grant};

/// What every page has.
pub(crate) struct Shell<'a> {
    /// The script tag of LunaDefend's elements.
    pub(crate) script_tag: &'a str,
    /// Who is logged in.
    pub(crate) user: Option<&'a UserName>,
    /// Whether they are the support.
    pub(crate) support: bool,
}

impl<'a> Shell<'a> {
    /// For pages that are for everybody.
    pub(crate) fn of_nobody(script_tag: &'a str) -> Self {
        Self {
            script_tag,
            user: None,
            support: false,
        }
    }
}

/// `GET /login`
#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct LogInPage<'a> {
    pub(crate) shell: Shell<'a>,
}

/// `GET /`: what the user has stored, to look at.
#[derive(Template)]
#[template(path = "profile.html")]
pub(crate) struct ProfilePage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The session that the page is made for: every element has it.
    pub(crate) session: PageSession,
    pub(crate) documents: &'a <Documents as Grant>::Granted,
}

/// `GET /edit`: the same, to change it.
#[derive(Template)]
#[template(path = "edit.html")]
pub(crate) struct EditPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) session: PageSession,
    pub(crate) documents: &'a <Documents as Grant>::Granted,
}

/// `GET /people`, for the support.
#[derive(Template)]
#[template(path = "people.html")]
pub(crate) struct PeoplePage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) people: &'a [UserName],
}

/// `GET /people/{user}`: what the support sees of another user.
///
/// It prints the tokens of a row **without a grant**, to show that a token alone opens nothing. An application
/// that only wants to say what is stored leaves them out.
#[derive(Template)]
#[template(path = "person.html")]
pub(crate) struct PersonPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) session: PageSession,
    pub(crate) owner: &'a UserName,
    pub(crate) documents: &'a Documents,
}

/// Any error.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) title: &'a str,
    pub(crate) text: &'a str,
}
