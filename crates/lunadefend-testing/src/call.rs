//! The calls of the code under test.

use lunadefend_core::{
    GrantDuration, SessionId,
    provider::{GrantRequest, TokenId},
};

/// One call of the code under test, as [`TestBackend::take_calls`] returns it.
///
/// Sessions and tokens are plain text, so that a failed assertion shows them: a test's sessions and tokens
/// are no secrets.
///
/// [`TestBackend::take_calls`]: crate::TestBackend::take_calls
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// Tokens were verified for a session.
    Verify {
        /// The session id.
        session: String,
        /// The different tokens, in their order in the value.
        tokens: Vec<String>,
    },
    /// Tokens were granted to a session.
    Grant {
        /// The session id.
        session: String,
        /// The tokens with their requested durations. A token appears once for each different duration.
        grants: Vec<(String, Option<GrantDuration>)>,
    },
    /// Grants of a token were revoked.
    Revoke {
        /// The session id; `None` for all sessions.
        session: Option<String>,
        /// The token, alone.
        tokens: Vec<String>,
    },
    /// A session was ended.
    End {
        /// The session id.
        session: String,
    },
    /// A browser was sent to the tokenizer with a session.
    Transfer {
        /// The session id.
        session: String,
    },
    /// The key set was served.
    Jwks,
}

impl Call {
    /// Returns the call that verifies these tokens.
    pub fn verify<T: Into<String>>(
        session: impl Into<String>,
        tokens: impl IntoIterator<Item = T>,
    ) -> Self {
        Self::Verify {
            session: session.into(),
            tokens: tokens.into_iter().map(Into::into).collect(),
        }
    }

    /// Returns the call that grants these tokens.
    pub fn grant<T: Into<String>>(
        session: impl Into<String>,
        grants: impl IntoIterator<Item = (T, Option<GrantDuration>)>,
    ) -> Self {
        let grants = grants.into_iter();
        Self::Grant {
            session: session.into(),
            grants: grants.map(|(token, ttl)| (token.into(), ttl)).collect(),
        }
    }

    pub(crate) fn of_verify(session: &SessionId, tokens: &[TokenId]) -> Self {
        Self::verify(session.expose_id(), tokens.iter().map(TokenId::expose_id))
    }

    pub(crate) fn of_create(session: &SessionId, grants: &[GrantRequest]) -> Self {
        let grants = grants.iter();
        let grants = grants.map(|grant| (grant.token().expose_id(), grant.duration()));
        Self::grant(session.expose_id(), grants)
    }
}
