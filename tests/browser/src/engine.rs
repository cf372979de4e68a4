//! Browsers and their drivers, each in a process of its own.

use std::{path::PathBuf, process::Stdio};
use tempfile::TempDir;
use thirtyfour::{ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A kind of browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, by chromedriver.
    Chromium,
    /// Firefox, by geckodriver.
    Firefox,
}

/// A browser, and what ends with it.
pub(crate) struct Running {
    pub(crate) driver: WebDriver,
    _process: Child,
    _profile: TempDir,
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

    /// Starts the driver on a port that it finds itself, and a browser with a new profile.
    pub(crate) async fn start(self, driver: &PathBuf) -> Running {
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new(driver)
            .args(match self {
                Self::Chromium => ["--port=0"].as_slice(),
                Self::Firefox => &["--port", "0"],
            })
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", driver.display()));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next_line().await.unwrap();
            let line = line.unwrap_or_else(|| panic!("the driver ended at once"));
            if let Some(port) = self.port(&line) {
                break port;
            }
        };
        // Whatever else it says must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let server = format!("http://127.0.0.1:{port}");
        let driver = match self {
            Self::Chromium => WebDriver::new(server, chromium(&profile)).await,
            Self::Firefox => WebDriver::new(server, firefox()).await,
        };
        Running {
            driver: driver.unwrap_or_else(|error| panic!("the browser does not start: {error}")),
            _process: process,
            _profile: profile,
        }
    }

    /// The port in a line that the driver prints.
    fn port(self, line: &str) -> Option<u16> {
        let (_, after) = match self {
            Self::Chromium => line.split_once("started successfully on port ")?,
            Self::Firefox => line.split_once("Listening on 127.0.0.1:")?,
        };
        after.trim_end_matches('.').trim().parse().ok()
    }
}

fn chromium(profile: &TempDir) -> thirtyfour::ChromeCapabilities {
    let mut wanted = DesiredCapabilities::chrome();
    let profile = format!("--user-data-dir={}", profile.path().display());
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
        &profile,
    ] {
        wanted.add_arg(argument).unwrap();
    }
    wanted
        .set_logging_prefs("browser", LoggingPrefsLogLevel::All)
        .unwrap();
    wanted
}

fn firefox() -> thirtyfour::FirefoxCapabilities {
    let mut wanted = DesiredCapabilities::firefox();
    wanted.set_headless().unwrap();
    wanted
}
