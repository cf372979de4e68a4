//! An application and its tokenizer, as they are deployed.

use crate::{
    Application, Browser, Front, Proxy, TestClock, WorldTokenizer, keys::provider, signing_key,
    tokenizer::base,
};
use lunadefend::{Builder, JwtProfile, LunaDefend, SessionId};
use lunadefend_crypto::GeneratedKey;
use lunadefend_http::{Cleartext, HttpClient};
use lunadefend_tokenizer::{
    AuthProviders, GrantDurations, JwksSource, Origin, TokenizerConfig, TokenizerConfigBuilder,
    VerificationKeys,
};
use std::{net::SocketAddr, time::Duration};
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
    /// `app.shop.localhost` and `tokenizer.shop.localhost`, each behind a [`Front`]: names that real browsers
    /// take for this machine, of one site.
    SameSiteLocalhost,
    /// `app.shop.localhost` and `vault.other.localhost`, of two sites.
    CrossSiteLocalhost,
}

/// How a [`World`] is set up. The default is what an application gets that sets nothing.
pub struct Settings {
    /// What the application's JWTs contain.
    pub wire: JwtProfile,
    /// Whether the tokenizer gets to see the application's session ids.
    pub raw_session_ids: bool,
    /// The path of the tokenizer's public URL: empty or like `/prod`.
    pub path: &'static str,
    /// The names of the servers.
    pub hosts: Hosts,
    /// Whether browsers reach them by https. Only with the names for real browsers.
    pub https: bool,
    /// What else the tokenizer is told.
    pub tokenizer: fn(TokenizerConfigBuilder) -> TokenizerConfigBuilder,
    /// Whether there are proxies on the lines between the two.
    pub proxied: bool,
    /// The wire level that the application requires. With 1 a proxied tokenizer offers no other.
    pub level: u64,
    /// Whether there is one tokenizer, also on a store that several share: what a process keeps for itself is seen so.
    pub alone: bool,
    /// Whether the tokenizer keeps its store in a file.
    pub file_store: bool,
    /// How long the tokenizer grants.
    pub durations: GrantDurations,
    /// How long the application's calls may take.
    pub deadline: Duration,
    /// How often they are repeated.
    pub retries: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wire: JwtProfile::default(),
            raw_session_ids: false,
            path: "",
            hosts: Hosts::default(),
            https: false,
            tokenizer: std::convert::identity,
            proxied: false,
            level: 1,
            alone: false,
            file_store: false,
            durations: GrantDurations::default(),
            // A busy machine is no fault.
            deadline: Duration::from_secs(30),
            // They are spread over the deadline, and what a test breaks stays broken.
            retries: 0,
        }
    }
}

/// An application and its tokenizer, running.
pub struct World<A = Application> {
    /// The time of both.
    pub clock: TestClock,
    /// The application.
    pub application: A,
    /// The tokenizer.
    pub tokenizer: WorldTokenizer,
    /// The application's public URL, without a slash at the end.
    pub app_url: String,
    settings: Settings,
    /// Where the application reaches the tokenizer.
    private_url: String,
    lines: Option<(Proxy, Proxy)>,
    /// Before the application and the tokenizer, where real browsers come.
    fronts: Option<[Front; 2]>,
    /// Without any cookie; it knows where the two are.
    browser: Browser,
}

impl World {
    /// Starts both with the default settings.
    pub async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    /// Starts both.
    pub async fn with(settings: Settings) -> Self {
        let hosts = settings.hosts;
        Self::around(settings, async |luna| {
            let application = Application::start(hosts, luna).await;
            let address = application.address;
            (application, address)
        })
        .await
    }

    /// What the application uses.
    #[must_use]
    pub fn luna(&self) -> LunaDefend {
        self.application.luna()
    }

    /// A browser with a session of the application.
    #[must_use]
    pub fn browser_of(&self, session: &SessionId) -> Browser {
        let mut browser = self.browser();
        let (app, id) = (&self.application.url, session.expose_id());
        browser.set_cookie(app, Application::COOKIE, id).unwrap();
        browser
    }

    /// A browser with a session of the application that was moved to the tokenizer too.
    pub async fn browser_in(&self, session: &SessionId) -> Browser {
        let mut browser = self.browser_of(session);
        let trail = browser.transfer_session(&self.tokenizer.url).await.unwrap();
        assert_eq!(trail.len(), 3);
        assert_eq!(trail[2].status, 200, "{}", trail[2].text());
        browser
    }
}

impl<A> World<A> {
    /// Starts both, with an application of the test's own, which says where it listens.
    pub async fn around(
        settings: Settings,
        start: impl AsyncFnOnce(LunaDefend) -> (A, SocketAddr),
    ) -> Self {
        let clock = TestClock::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tokenizer_address = listener.local_addr().unwrap();
        let lines = if settings.proxied {
            let lines = (
                Proxy::start(settings.level).await,
                Proxy::start(settings.level).await,
            );
            lines.0.lead_to(tokenizer_address);
            Some(lines)
        } else {
            None
        };
        let private_url = match &lines {
            Some((line, _)) => line.url(),
            None => format!("http://{tokenizer_address}"),
        } + settings.path;
        let fronts = settings.hosts.fronts(settings.https).await;
        let tokenizer_url = match &fronts {
            Some([_, (front, url)]) => {
                front.lead_to(tokenizer_address);
                format!("{url}{}", settings.path)
            }
            None => settings.hosts.tokenizer(&private_url, settings.path),
        };
        let luna = builder(
            &settings,
            &private_url,
            &tokenizer_url,
            &clock,
            signing_key(),
        );
        let (application, address) = start(luna.build().await.unwrap()).await;

        let app_url = match &fronts {
            Some([(front, url), _]) => {
                front.lead_to(address);
                url.clone()
            }
            None => settings.hosts.application(address),
        };
        let jwks_base = match &lines {
            Some((_, line)) => {
                line.lead_to(address);
                line.url()
            }
            None => format!("http://{address}"),
        };
        let config = TokenizerConfig::builder(
            base(&tokenizer_url),
            VerificationKeys::Jwks(jwks(&jwks_base)),
            AuthProviders::parse(&app_url, "AUTH_PROVIDERS", Cleartext::Allowed).unwrap(),
        )
        .application_origin(Origin::parse(&app_url, "APPLICATION_FRONT_END").unwrap())
        .grant_durations(settings.durations);
        let config = (settings.tokenizer)(config);
        let browser = Browser::new()
            .unwrap()
            .resolving(&base(&app_url).origin(), address)
            .resolving(&base(&tokenizer_url).origin(), tokenizer_address);
        let tokenizer = WorldTokenizer::start(
            listener,
            tokenizer_url.clone(),
            config,
            clock.clone(),
            &settings,
        )
        .await;
        Self {
            application,
            tokenizer,
            clock,
            settings,
            private_url,
            lines,
            fronts: fronts.map(|fronts| fronts.map(|(front, _)| front)),
            app_url,
            browser,
        }
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

    /// Where real browsers come to the application.
    ///
    /// # Panics
    /// When the world has no names for real browsers.
    #[must_use]
    pub fn front_of_application(&self) -> &Front {
        &self.fronts.as_ref().unwrap()[0]
    }

    /// Where real browsers come to the tokenizer.
    ///
    /// # Panics
    /// When the world has no names for real browsers.
    #[must_use]
    pub fn front_of_tokenizer(&self) -> &Front {
        &self.fronts.as_ref().unwrap()[1]
    }

    /// A browser without any cookie.
    #[must_use]
    pub fn browser(&self) -> Browser {
        self.browser.stranger()
    }
}

impl Hosts {
    /// The names of application and tokenizer, where real browsers resolve them.
    const fn resolved(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::SameSiteLocalhost => Some(("app.shop.localhost", "tokenizer.shop.localhost")),
            Self::CrossSiteLocalhost => Some(("app.shop.localhost", "vault.other.localhost")),
            Self::Loopback | Self::SameSite | Self::CrossSite => None,
        }
    }

    /// What stands before application and tokenizer, and their public URLs there.
    async fn fronts(self, https: bool) -> Option<[(Front, String); 2]> {
        let (application, tokenizer) = self.resolved()?;
        let (first, second) = (Front::start(https).await, Front::start(https).await);
        let urls = (first.url(application), second.url(tokenizer));
        Some([(first, urls.0), (second, urls.1)])
    }

    /// The application's public URL, when there is nothing before it.
    pub(crate) fn application(self, address: SocketAddr) -> String {
        match self {
            Self::SameSite | Self::CrossSite => "http://app.example.com".to_owned(),
            _ => format!("http://{address}"),
        }
    }

    /// The tokenizer's public URL, when there is nothing before it.
    fn tokenizer(self, private_url: &str, path: &str) -> String {
        match self {
            Self::SameSite => format!("http://tokenizer.example.com{path}"),
            Self::CrossSite => format!("http://tokenizer.example.net{path}"),
            _ => private_url.to_owned(),
        }
    }
}

fn jwks(base_url: &str) -> JwksSource {
    let client = HttpClient::builder().tls(false).build().unwrap();
    JwksSource::new(base(&format!("{base_url}/.lunasec/jwks.json")), client).unwrap()
}

fn builder(
    settings: &Settings,
    private_url: &str,
    public_url: &str,
    clock: &TestClock,
    key: &GeneratedKey,
) -> Builder {
    let mut builder = LunaDefend::builder(private_url)
        .public_tokenizer_url(public_url)
        .signing_key(provider(key))
        .wire(settings.wire)
        .require_level(settings.level)
        .deadline(settings.deadline)
        .max_retries(settings.retries)
        .allow_cleartext()
        .clock(clock.clone());
    if settings.raw_session_ids {
        builder = builder.raw_session_ids();
    }
    builder
}
