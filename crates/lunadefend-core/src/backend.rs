//! The part of LunaDefend that a framework adapter needs.

use crate::{Elements, Granter, Grants, SessionId, Sessions, adapter::AuthPlugin};

/// The part of a `LunaDefend` that a framework adapter needs: grants, sessions, the routes of the auth
/// plugin, and what pages need.
///
/// Made from a `LunaDefend`, or from fakes in tests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Backend {
    grants: Grants,
    sessions: Sessions,
    auth_plugin: AuthPlugin,
    elements: Elements,
}

impl Backend {
    /// Combines the four parts.
    #[must_use]
    pub const fn new(
        grants: Grants,
        sessions: Sessions,
        auth_plugin: AuthPlugin,
        elements: Elements,
    ) -> Self {
        Self {
            grants,
            sessions,
            auth_plugin,
            elements,
        }
    }

    /// Puts the routes of the auth plugin below a path, with or without slashes around it: the script tag of
    /// [`elements`](Self::elements) says so, and an adapter puts them at its `plugin_base`.
    #[must_use]
    pub fn below(mut self, path: &str) -> Self {
        self.elements = self.elements.below(path);
        self
    }

    /// Creates and verifies grants.
    #[must_use]
    pub const fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Creates grants for one session.
    #[must_use]
    pub fn granter(&self, session: &SessionId) -> Granter {
        Granter::new(self.grants.clone(), session.clone())
    }

    /// Ends sessions at the tokenizer.
    #[must_use]
    pub const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Serves the two routes of the auth plugin.
    #[must_use]
    pub const fn auth_plugin(&self) -> &AuthPlugin {
        &self.auth_plugin
    }

    /// Returns what pages need: the script tag, and the sources of their policy.
    #[must_use]
    pub const fn elements(&self) -> &Elements {
        &self.elements
    }
}
