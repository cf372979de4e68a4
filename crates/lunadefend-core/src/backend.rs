//! The part of LunaDefend that a framework adapter needs.

use crate::{Granter, Grants, SessionId, Sessions, adapter::AuthPlugin};

/// The part of a `LunaDefend` that a framework adapter needs: grants, sessions, and the routes of the auth
/// plugin.
///
/// Made from a `LunaDefend`, or from fakes in tests. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Backend {
    grants: Grants,
    sessions: Sessions,
    auth_plugin: AuthPlugin,
}

impl Backend {
    /// Combines the three parts.
    #[must_use]
    pub const fn new(grants: Grants, sessions: Sessions, auth_plugin: AuthPlugin) -> Self {
        Self {
            grants,
            sessions,
            auth_plugin,
        }
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
}
