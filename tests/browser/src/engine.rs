//! Kinds of browsers: how each is started, and set up for a test.

use std::path::{Path, PathBuf};
use thirtyfour::{
    Capabilities, CapabilitiesHelper as _, ChromiumLikeCapabilities as _, DesiredCapabilities,
    common::capabilities::firefox::FirefoxPreferences,
};

/// A browser's engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, by chromedriver.
    Chromium,
    /// Firefox, by geckodriver.
    Firefox,
}

/// What a browser does with cookies of a frame whose site is not the page's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThirdPartyCookies {
    /// What it does when nobody has changed its settings.
    #[default]
    Default,
    /// It keeps only those that are `Partitioned`.
    Partitioned,
    /// It keeps none. Chromium has no such setting.
    Blocked,
}

/// What differs between browsers from their start on: only equal ones can follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) engine: Engine,
    pub(crate) cookies: ThirdPartyCookies,
    /// Over https a host tells browsers to use nothing else from then on.
    pub(crate) https: bool,
}

impl Engine {
    /// The environment variable that names the driver. `cargo xtask test` sets it.
    const fn variable(self) -> &'static str {
        match self {
            Self::Chromium => "LUNADEFEND_CHROMEDRIVER",
            Self::Firefox => "LUNADEFEND_GECKODRIVER",
        }
    }

    /// The driver, or `None` with a word to the reader when there is none.
    pub(crate) fn installed(self) -> Option<PathBuf> {
        let variable = self.variable();
        let driver = std::env::var_os(variable).map(PathBuf::from);
        if driver.is_none() {
            println!("skipped: {variable} is not set; `cargo xtask test` sets it");
        }
        driver
    }

    /// What the driver is started with. It finds a free port itself.
    pub(crate) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Chromium => &["--port=0"],
            // The harness empties the browser and reads its console from within.
            Self::Firefox => &["--port", "0", "--allow-system-access"],
        }
    }

    /// The port in a line that the driver prints.
    pub(crate) fn port(self, line: &str) -> Option<u16> {
        let (_, after) = match self {
            Self::Chromium => line.split_once("started successfully on port ")?,
            Self::Firefox => line.split_once("Listening on 127.0.0.1:")?,
        };
        after.trim_end_matches('.').trim().parse().ok()
    }
}

impl Kind {
    /// What the driver is asked for.
    pub(crate) fn capabilities(self, directory: &Path) -> Capabilities {
        match self.engine {
            Engine::Chromium => self.chromium(directory),
            Engine::Firefox => self.firefox(),
        }
    }

    fn chromium(self, directory: &Path) -> Capabilities {
        let mut wanted = DesiredCapabilities::chrome();
        let profile = format!("--user-data-dir={}", directory.join("profile").display());
        let log = format!("--log-file={}", log_of(directory).display());
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1000,800",
            "--enable-logging",
            &log,
            &profile,
        ] {
            wanted.add_arg(argument).unwrap();
        }
        wanted.accept_insecure_certs(self.https).unwrap();
        let mode = match self.cookies {
            ThirdPartyCookies::Default => 0,
            ThirdPartyCookies::Partitioned => 1,
            ThirdPartyCookies::Blocked => panic!("Chromium has no such setting"),
        };
        let preferences = serde_json::json!({ "profile.cookie_controls_mode": mode });
        wanted
            .add_experimental_option("prefs", preferences)
            .unwrap();
        wanted.into()
    }

    fn firefox(self) -> Capabilities {
        let mut wanted = DesiredCapabilities::firefox();
        wanted.set_headless().unwrap();
        wanted.accept_insecure_certs(self.https).unwrap();
        let mut preferences = FirefoxPreferences::new();
        // It asks its makers for nothing.
        for off in [
            "app.normandy.enabled",
            "browser.backup.enabled",
            "messaging-system.rsexperimentloader.enabled",
            "signon.rememberSignons",
        ] {
            preferences.set(off, false).unwrap();
        }
        // The harness reads there what scripts of pages say, not the browser's own.
        for (name, value) in [
            ("devtools.console.stdout.content", true),
            ("devtools.console.stdout.chrome", false),
        ] {
            preferences.set(name, value).unwrap();
        }
        let behavior = match self.cookies {
            ThirdPartyCookies::Default => None,
            ThirdPartyCookies::Partitioned => Some(5),
            ThirdPartyCookies::Blocked => Some(1),
        };
        if let Some(behavior) = behavior {
            let name = "network.cookie.cookieBehavior";
            preferences.set(name, behavior).unwrap();
            let name = "network.cookie.cookieBehavior.optInPartitioning";
            preferences.set(name, true).unwrap();
        }
        wanted.set_preferences(preferences).unwrap();
        wanted.into()
    }
}

/// Where Chromium writes what comes on the console of any page and frame.
pub(crate) fn log_of(directory: &Path) -> PathBuf {
    directory.join("console.log")
}
