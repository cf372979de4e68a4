//! The whole of LunaDefend for an application.

use crate::{Builder, ConfigError, Configuration};
use lunadefend_client::{Check, Client, KeyService, TokenizerClient};
use lunadefend_core::{
    Backend, Elements, Error, Grants, SessionId, Sessions, adapter::AuthPlugin, wire::PageSession,
};
use lunadefend_elements::element_module;
use std::{num::NonZeroUsize, path::PathBuf};

/// The client of one application: grants, sessions and the tokenizer API. Cheap to clone.
///
/// Pass it to a framework adapter: `Luna::new(luna_defend, provider)`.
///
/// ```no_run
/// use lunadefend::{LunaDefend, SessionId, UntrustedToken, VerifiedToken};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let luna = LunaDefend::from_env().await?;
/// let session = SessionId::new("the value of the user's session cookie")?;
///
/// // Outside a framework: a token that came in by a queue.
/// let untrusted: UntrustedToken = "lunasec-0a1b2c3d-1111-4222-8333-444455556666".parse()?;
/// let token: VerifiedToken = luna.grants().verify(&session, untrusted).await?;
///
/// // And one that goes out.
/// let granted = luna.grants().grant(&session, &token, None).await?;
/// # let _ = granted;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct LunaDefend {
    client: Client,
    grants: Grants,
    sessions: Sessions,
    elements: Elements,
}

impl LunaDefend {
    /// Reads the settings from the environment of the process: `TOKENIZER_URL`, `LUNASEC_SIGNING_KEY` and the
    /// others of the README's table.
    ///
    /// # Errors
    /// [`ConfigError`], naming the variable that is missing or invalid.
    pub async fn from_env() -> Result<Self, ConfigError> {
        Self::configuration().build().await
    }

    /// Reads the settings from a TOML file, as shown in the README. The environment takes precedence.
    ///
    /// # Errors
    /// [`ConfigError`], naming the invalid setting or line.
    pub async fn from_toml_file(path: impl Into<PathBuf>) -> Result<Self, ConfigError> {
        Self::configuration().toml_file(path).build().await
    }

    /// Configures the sources: another environment, a TOML text, your own secret providers. See
    /// [`Configuration`].
    pub fn configuration() -> Configuration {
        Configuration::default()
    }

    /// Takes all settings from the program, beginning with the URL of the tokenizer. See [`Builder`].
    pub fn builder(tokenizer_url: impl Into<String>) -> Builder {
        Builder::new(tokenizer_url.into())
    }

    pub(crate) fn new(client: Client, max_tokens: NonZeroUsize) -> Self {
        let module = element_module();
        let tokenizer_url = client.public_tokenizer_url().as_str();
        Self {
            elements: Elements::new(tokenizer_url, module.name(), &module.integrity()),
            grants: Grants::new(client.clone()).with_max_tokens(max_tokens),
            sessions: Sessions::new(client.clone()),
            client,
        }
    }

    /// Returns the handle to create and verify grants.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Returns the handle to end sessions at the tokenizer, at log-out.
    ///
    /// ```no_run
    /// # async fn log_out(luna: lunadefend::LunaDefend, session: lunadefend::SessionId) -> Result<(), lunadefend::Error> {
    /// // First your own session, then:
    /// luna.sessions().end(&session).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Returns what a page needs to have secure fields: the script tag, and the sources of its policy.
    ///
    /// They name the tokenizer as browsers reach it (`PUBLIC_TOKENIZER_URL`), and the element module of this
    /// version.
    ///
    /// ```no_run
    /// # fn page(luna: &lunadefend::LunaDefend, session: &lunadefend::SessionId) -> Result<String, lunadefend::Error> {
    /// let tag = luna.elements().script_tag();
    /// let page_session = luna.page_session(session)?;
    /// let html = format!(
    ///     r#"{tag}
    ///     <form method="post" action="/ssn">
    ///       <label for="ssn">Social security number</label>
    ///       <luna-input id="ssn" name="ssn" kind="ssn" session="{page_session}"></luna-input>
    ///       <button>Save</button>
    ///     </form>"#
    /// );
    /// # Ok(html)
    /// # }
    /// ```
    #[must_use]
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Returns the name of the session for a page rendered for it.
    ///
    /// The secure frame in the page sends it to the tokenizer. The tokenizer rejects the request when the
    /// browser's session there is a different one: that of the previous user.
    ///
    /// ```no_run
    /// # fn page(luna: &lunadefend::LunaDefend, session: &lunadefend::SessionId) -> Result<String, lunadefend::Error> {
    /// let page_session = luna.page_session(session)?;
    /// let html = format!(r#"<luna-input name="ssn_token" session="{page_session}"></luna-input>"#);
    /// # Ok(html)
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::SessionProvider`](crate::ErrorKind::SessionProvider) for a session id that the tokenizer
    /// would not accept.
    pub fn page_session(&self, session: &SessionId) -> Result<PageSession, Error> {
        self.sessions.page_session(session)
    }

    /// Returns the tokenizer API for a session: tokenize, detokenize, metadata.
    #[must_use]
    pub fn tokenizer(&self) -> TokenizerClient {
        self.client.tokenizer()
    }

    /// Returns the signing keys, to fetch them at once after a rotation or in an emergency.
    #[must_use]
    pub fn keys(&self) -> &KeyService {
        self.client.keys()
    }

    /// Checks the signing key and the tokenizer, for the application's own diagnosis; never for the readiness of a server
    /// that serves the key set. See [`Client::check`].
    ///
    /// ```no_run
    /// # async fn diagnose(luna: lunadefend::LunaDefend) {
    /// print!("{}", luna.check().await);
    /// # }
    /// ```
    pub async fn check(&self) -> Check {
        self.client.check().await
    }

    /// Returns the client, for calls without a handle.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl From<&LunaDefend> for Backend {
    fn from(luna: &LunaDefend) -> Self {
        Self::new(
            luna.grants.clone(),
            luna.sessions.clone(),
            AuthPlugin::new(luna.client.clone()),
            luna.elements.clone(),
        )
    }
}

impl From<LunaDefend> for Backend {
    fn from(luna: LunaDefend) -> Self {
        Self::from(&luna)
    }
}
