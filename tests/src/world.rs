//! An application and its tokenizer, as they are deployed.

use crate::{
    Application, Browser, Proxy, RunningTokenizer, TestClock, keys::provider, signing_key,
    tokenizer::base,
};
use lunadefend::{Builder, LunaDefend, SessionId, WireLevel};
use lunadefend_crypto::GeneratedKey;
use lunadefend_http::{Cleartext, HttpClient};
use lunadefend_tokenizer::{
    AuthProviders, GrantDurations, JwksSource, Origin, SessionKeys, TokenizerConfig,
};
use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// By what names browsers reach the two servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// By their loopback addresses.
    #[default]
    Loopback,
    /// `app.example.com` and `tokenizer.example.com`.
    SameSite,
    /// `app.example.com` and `tokenizer.example.net`.
    CrossSite,
}

/// How a [`World`] is set up. The default is what an application gets that sets nothing.
pub struct Settings {
    /// What the application's JWTs contain.
    pub wire: WireLevel,
    /// Whether the tokenizer gets to see the application's session ids.
    pub raw_session_ids: bool,
    /// The path of the tokenizer's public URL: empty or like `/prod`.
    pub path: &'static str,
    /// The names of the servers.
    pub hosts: Hosts,
    /// Whether there are proxies on the lines between the two.
    pub proxied: bool,
    /// Whether the tokenizer keeps its store in a file.
    pub file_store: bool,
    /// How long the tokenizer grants.
    pub durations: GrantDurations,
    /// How long the application's calls may take.
    pub deadline: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wire: WireLevel::default(),
            raw_session_ids: false,
            path: "",
            hosts: Hosts::default(),
            proxied: false,
            file_store: false,
            durations: GrantDurations::default(),
            // A busy machine is no fault.
            deadline: Duration::from_secs(30),
        }
    }
}

/// An application and its tokenizer, running.
pub struct World {
    /// The time of both.
    pub clock: Arc<TestClock>,
    /// The application.
    pub application: Application,
    /// The tokenizer.
    pub tokenizer: RunningTokenizer,
    settings: Settings,
    /// Where the application reaches the tokenizer.
    private_url: String,
    lines: Option<(Proxy, Proxy)>,
    addresses: Arc<HashMap<String, SocketAddr>>,
}

impl World {
    /// Starts both with the default settings.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// Starts both.
    pub async fn with(settings: Settings) -> Self {
        let clock = TestClock::new();
        let listen = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (app, tokenizer) = (listen().await, listen().await);
        let address = |listener: &TcpListener| listener.local_addr().unwrap();
        let url = |listener: &TcpListener| format!("http://{}", address(listener));
        let lines = if settings.proxied {
            let lines = (Proxy::start().await, Proxy::start().await);
            lines.0.lead_to(address(&tokenizer));
            lines.1.lead_to(address(&app));
            Some(lines)
        } else {
            None
        };

        let private_url = match &lines {
            Some((line, _)) => line.url(),
            None => url(&tokenizer),
        } + settings.path;
        let (app_url, tokenizer_url) = match settings.hosts {
            Hosts::Loopback => (url(&app), private_url.clone()),
            Hosts::SameSite => named("tokenizer.example.com", settings.path),
            Hosts::CrossSite => named("tokenizer.example.net", settings.path),
        };
        let addresses = [(&app_url, &app), (&tokenizer_url, &tokenizer)]
            .map(|(url, listener)| (base(url).origin(), address(listener)));
        let jwks_base = lines
            .as_ref()
            .map_or_else(|| url(&app), |(_, line)| line.url());

        let config = TokenizerConfig::builder(
            base(&tokenizer_url),
            SessionKeys::Jwks(jwks(&jwks_base)),
            AuthProviders::parse(&app_url, "AUTH_PROVIDERS", Cleartext::Allowed).unwrap(),
        )
        .application_origin(Origin::parse(&app_url, "APPLICATION_FRONT_END").unwrap())
        .grant_durations(settings.durations);
        let tokenizer = RunningTokenizer::start(
            tokenizer,
            tokenizer_url.clone(),
            config,
            Arc::clone(&clock),
            settings.file_store.then(|| tempfile::tempdir().unwrap()),
        )
        .await;
        let luna = builder(
            &settings,
            &private_url,
            &tokenizer_url,
            &clock,
            signing_key(),
        );
        let luna = luna.build().await.unwrap();
        Self {
            application: Application::start(app, app_url, luna),
            tokenizer,
            clock,
            settings,
            private_url,
            lines,
            addresses: Arc::new(HashMap::from(addresses)),
        }
    }

    /// What the application uses.
    #[must_use]
    pub fn luna(&self) -> LunaDefend {
        self.application.luna()
    }

    /// The configuration of the application with a key, to be changed.
    pub fn builder(&self, key: &GeneratedKey) -> Builder {
        builder(
            &self.settings,
            &self.private_url,
            &self.tokenizer.url,
            &self.clock,
            key,
        )
    }

    /// The same configuration with another key.
    pub async fn luna_with(&self, key: &GeneratedKey) -> LunaDefend {
        self.builder(key).build().await.unwrap()
    }

    /// The line from the application to the tokenizer.
    ///
    /// # Panics
    /// When the world was not set up with lines.
    #[must_use]
    pub fn line_to_tokenizer(&self) -> &Proxy {
        &self.lines.as_ref().unwrap().0
    }

    /// The line from the tokenizer to the application.
    ///
    /// # Panics
    /// When the world was not set up with lines.
    #[must_use]
    pub fn line_to_application(&self) -> &Proxy {
        &self.lines.as_ref().unwrap().1
    }

    /// A browser without any cookie.
    #[must_use]
    pub fn browser(&self) -> Browser {
        Browser::new(Arc::clone(&self.addresses))
    }

    /// A browser with a session of the application.
    #[must_use]
    pub fn browser_of(&self, session: &SessionId) -> Browser {
        let mut browser = self.browser();
        browser.set_cookie(
            &self.application.url,
            Application::COOKIE,
            session.expose_id(),
        );
        browser
    }

    /// A browser with a session of the application that was moved to the tokenizer too.
    pub async fn browser_in(&self, session: &SessionId) -> Browser {
        let mut browser = self.browser_of(session);
        let ensure = format!("{}/session/ensure", self.tokenizer.url);
        let trail = browser.load_no_cors(&self.tokenizer.url, &ensure).await;
        assert_eq!(trail.len(), 3);
        assert_eq!(trail[2].status, 200, "{}", trail[2].text());
        browser
    }
}

fn named(tokenizer: &str, path: &str) -> (String, String) {
    (
        "http://app.example.com".to_owned(),
        format!("http://{tokenizer}{path}"),
    )
}

fn jwks(base_url: &str) -> JwksSource {
    let client = HttpClient::builder().tls(false).build().unwrap();
    JwksSource::new(base(&format!("{base_url}/.lunasec/jwks.json")), client).unwrap()
}

fn builder(
    settings: &Settings,
    private_url: &str,
    public_url: &str,
    clock: &Arc<TestClock>,
    key: &GeneratedKey,
) -> Builder {
    let mut builder = LunaDefend::builder(private_url)
        .public_tokenizer_url(public_url)
        .signing_key(provider(key))
        .wire(settings.wire)
        .deadline(settings.deadline)
        .allow_cleartext()
        .clock(Arc::clone(clock));
    if settings.raw_session_ids {
        builder = builder.raw_session_ids();
    }
    builder
}
