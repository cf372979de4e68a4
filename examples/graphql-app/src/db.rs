//! Sessions, users and their forms, in memory.

use lunadefend::SessionId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A user's form. To the database a token is a text.
#[derive(Clone)]
pub(crate) struct Form {
    pub(crate) email: Option<String>,
    pub(crate) insecure_field: Option<String>,
    pub(crate) text_area: Option<String>,
    pub(crate) files: Vec<String>,
}

impl Form {
    fn tokens(&self) -> impl Iterator<Item = &String> {
        [&self.email, &self.text_area]
            .into_iter()
            .flatten()
            .chain(&self.files)
    }
}

#[derive(Clone, Default)]
pub(crate) struct Db(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    /// Users by session id.
    sessions: HashMap<String, String>,
    /// Forms by user.
    forms: HashMap<String, Form>,
}

impl Db {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log_in(&self, session: String, user: &str) {
        self.tables().sessions.insert(session, user.to_owned());
    }

    pub(crate) fn user(&self, session: &SessionId) -> Option<String> {
        self.tables().sessions.get(session.expose_id()).cloned()
    }

    pub(crate) fn form(&self, user: &str) -> Option<Form> {
        self.tables().forms.get(user).cloned()
    }

    /// Stores a user's form, unless one of its tokens is in another user's form: verified does not mean
    /// owned.
    pub(crate) fn store(&self, user: String, form: Form) -> bool {
        let mut tables = self.tables();
        let mut others = tables.forms.iter().filter(|(owner, _)| **owner != user);
        let is_foreign = others.any(|(_, other)| {
            let mut theirs = other.tokens();
            theirs.any(|token| form.tokens().any(|own| own == token))
        });
        if !is_foreign {
            tables.forms.insert(user, form);
        }
        !is_foreign
    }
}
