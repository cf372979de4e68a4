//! What the parts of a request note for its line in the audit log.

use crate::state::Shared;
use axum::extract::FromRequestParts;
use http::request::Parts;
use lunadefend_audit::{Item, Name, Names, Who};
use lunadefend_core::{SessionId, provider::TokenId};
use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The notes of one request. Handlers extract it; where no line is written, it keeps nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Option<Arc<Inner>>);

struct Inner {
    names: Names,
    noted: Mutex<Noted>,
}

/// What is known of a request so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noted {
    /// The caller, once it is known: a request without one gets no line.
    pub(crate) by: Option<(Who, Option<Name>)>,
    /// What it is about, once the handler has said so.
    pub(crate) items: Option<Vec<Item>>,
}

impl Trail {
    pub(crate) fn new(names: Names) -> Self {
        Self(Some(Arc::new(Inner {
            names,
            noted: Mutex::default(),
        })))
    }

    /// Notes the caller.
    pub(crate) fn by(&self, who: Who, session: Option<&SessionId>) {
        if let Some(inner) = &self.0 {
            inner.noted().by = Some((who, session.map(|session| inner.names.session(session))));
        }
    }

    /// Notes what the request is about, in place of what was noted before. A handler does so before it acts, since its
    /// caller may go away meanwhile, and again when it knows how each thing went.
    pub(crate) fn about(&self, items: impl FnOnce(&Names) -> Vec<Item>) {
        if let Some(inner) = &self.0 {
            let items = items(&inner.names);
            inner.noted().items = Some(items);
        }
    }

    /// Notes that the request is about tokens.
    pub(crate) fn about_tokens(&self, tokens: &[TokenId]) {
        self.about(|names| tokens.iter().map(|token| of_token(names, token)).collect());
    }

    /// Notes that the request is about a session of the application.
    pub(crate) fn about_session(&self, session: &SessionId) {
        self.about(|names| {
            vec![Item {
                session: Some(names.session(session)),
                ..Item::default()
            }]
        });
    }

    /// Notes that the request uses a URL of a value, which is its only credential.
    pub(crate) fn by_url(&self, signed: &str) {
        self.by(Who::Url, None);
        self.about(|names| {
            vec![Item {
                url: Some(names.url(signed)),
                ..Item::default()
            }]
        });
    }

    pub(crate) fn noted(&self) -> Noted {
        let inner = self.0.as_ref();
        inner.map_or_else(Noted::default, |inner| inner.noted().clone())
    }
}

/// Returns the item of a token.
pub(crate) fn of_token(names: &Names, token: &TokenId) -> Item {
    Item {
        token: Some(names.token(token)),
        ..Item::default()
    }
}

impl Inner {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trail")
    }
}

impl FromRequestParts<Arc<Shared>> for Trail {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
