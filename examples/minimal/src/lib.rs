#![doc = include_str!("../README.md")]

pub mod page;

use lunadefend::{Error, ErrorKind, SessionId, VerifiedToken};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Your database: whose a session is, and a row for each user. No row is found by a session id, because a user has
/// a new one at every log-in.
#[derive(Clone, Debug)]
pub struct Users(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    /// Users by session id.
    sessions: HashMap<String, String>,
    /// Tokens by user.
    ssns: HashMap<String, VerifiedToken>,
}

impl Users {
    /// Logs in one user, and prints the cookie. Yours has a log-in.
    #[must_use]
    #[expect(
        clippy::print_stdout,
        reason = "nobody could use the session otherwise"
    )]
    pub fn with_one_session() -> Self {
        let id = Uuid::new_v4().to_string();
        println!("http://localhost:3000/ssn, with the cookie session={id}");
        let sessions = HashMap::from([(id, "ann".to_owned())]);
        Self(Arc::new(Mutex::new(Tables {
            sessions,
            ssns: HashMap::new(),
        })))
    }

    /// The session of a `Cookie` header, if it is one of ours.
    #[must_use]
    pub fn session(&self, cookies: &str) -> Option<SessionId> {
        let mut cookies = cookies.split("; ");
        let id = cookies.find_map(|cookie| cookie.strip_prefix("session="))?;
        let session = SessionId::new(id).ok()?;
        self.by_session(&session).is_ok().then_some(session)
    }

    /// The row of the user whose session it is.
    ///
    /// # Errors
    /// [`ErrorKind::NoSession`] when no user is logged in with it.
    pub fn by_session(&self, session: &SessionId) -> Result<User, Error> {
        let name = self.tables().sessions.get(session.expose_id()).cloned();
        Ok(User {
            users: self.clone(),
            name: name.ok_or(ErrorKind::NoSession)?,
        })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The row of one user.
#[derive(Debug)]
pub struct User {
    users: Users,
    name: String,
}

impl User {
    /// The token of their social security number.
    #[must_use]
    pub fn ssn(&self) -> Option<VerifiedToken> {
        self.users.tables().ssns.get(&self.name).cloned()
    }

    /// Stores it, if there is one.
    pub fn set_ssn(self, ssn: Option<VerifiedToken>) {
        let row = ssn.map(|ssn| (self.name, ssn));
        self.users.tables().ssns.extend(row);
    }
}
