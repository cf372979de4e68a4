//! A browser: started, emptied for the next test, and what it has written on its console.

use crate::{
    engine::{Engine, Kind, log_of},
    process::Process,
};
use serde_json::{Value, json};
use std::{
    error::Error,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver},
    },
};
use thirtyfour::{
    RequestData, WebDriver, common::command::FormatRequestData, error::WebDriverResult,
};

/// How often a browser is started before its test fails.
const ATTEMPTS: u32 = 3;

/// A browser, and what ends with it.
pub(crate) struct Browser {
    pub(crate) kind: Kind,
    pub(crate) driver: WebDriver,
    process: Process,
    /// How much of Chromium's console is of former tests.
    read: AtomicUsize,
    /// What the driver prints. Firefox's scripts print there too.
    printed: Mutex<Receiver<String>>,
}

impl Browser {
    /// Starts the driver, and the browser with a new profile. Browsers crash now and then while they start, and
    /// Chromium's driver ends when the port that it found for one IP version is taken for the other. Neither says
    /// anything of what is tested.
    pub(crate) async fn start(kind: Kind, driver: &Path) -> Self {
        let mut attempt = 1;
        loop {
            match Self::try_start(kind, driver).await {
                Ok(browser) => return browser,
                Err(error) if attempt == ATTEMPTS => {
                    panic!("{:?} does not start: {error}", kind.engine)
                }
                Err(error) => println!("{:?} did not start: {error}", kind.engine),
            }
            attempt += 1;
        }
    }

    async fn try_start(kind: Kind, driver: &Path) -> Result<Self, Box<dyn Error>> {
        let engine = kind.engine;
        let (process, mut lines) = Process::start(driver, engine.arguments());
        let mut said = Vec::new();
        let port = loop {
            let Some(line) = lines.next().transpose()? else {
                return Err(format!("its driver ended at once: {said:?}").into());
            };
            match engine.port(&line) {
                Some(port) => break port,
                None => said.push(line),
            }
        };
        // Whatever else it says must not fill the pipe.
        let (printing, printed) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Nobody reads it once the browser is gone.
                let _ = printing.send(line);
            }
        });
        // The client of the driver is built for https too, where another member of the workspace wants that, and
        // then looks for this.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = format!("http://127.0.0.1:{port}");
        let driver = WebDriver::new(server, kind.capabilities(process.directory())).await?;
        Ok(Self {
            kind,
            driver,
            process,
            read: AtomicUsize::new(0),
            printed: Mutex::new(printed),
        })
    }

    /// Makes it like a new one, where nobody has been at these origins.
    pub(crate) async fn empty(&self, origins: &[&str]) -> WebDriverResult<()> {
        let driver = &self.driver;
        let tab = driver.new_tab().await?;
        for window in driver.windows().await? {
            if window != tab {
                driver.switch_to_window(window).await?;
                driver.close_window().await?;
            }
        }
        driver.switch_to_window(tab).await?;
        match self.kind.engine {
            Engine::Chromium => {
                let tools = driver.cdp();
                tools
                    .send_raw("Network.clearBrowserCookies", json!({}))
                    .await?;
                tools
                    .send_raw("Network.clearBrowserCache", json!({}))
                    .await?;
                tools
                    .send_raw("Browser.resetPermissions", json!({}))
                    .await?;
                for origin in origins {
                    let all = json!({ "origin": origin, "storageTypes": "all" });
                    tools.send_raw("Storage.clearDataForOrigin", all).await?;
                }
                self.read.store(self.log().len(), Ordering::Relaxed);
            }
            Engine::Firefox => {
                self.within(CLEAR).await?;
                self.printed().await?;
            }
        }
        Ok(())
    }

    /// What stands on the console of all pages and frames: everything in Chromium, the errors in Firefox. What
    /// breaks a content security policy is there in both.
    pub(crate) async fn console(&self) -> WebDriverResult<Vec<String>> {
        if self.kind.engine == Engine::Firefox {
            let errors = self.within(ERRORS).await?;
            let mut errors: Vec<String> = serde_json::from_value(errors).unwrap();
            errors.retain(|error| !error.contains(OF_NOTHING));
            let said = self.printed().await?.into_iter();
            errors.extend(said.filter(|line| SAID.iter().any(|kind| line.starts_with(kind))));
            return Ok(errors);
        }
        let log = self.log();
        let read = self.read.load(Ordering::Relaxed);
        let lines = log.get(read..).unwrap_or_default().lines();
        let console = lines.filter_map(|line| line.split_once(":INFO:CONSOLE"));
        Ok(console.map(|(_, said)| said.to_owned()).collect())
    }

    /// What Firefox has printed since it was asked last.
    async fn printed(&self) -> WebDriverResult<Vec<String>> {
        // What came before it is in the pipe by then.
        self.within(&format!("dump('{END}\\n'); arguments[0]()"))
            .await?;
        let printed = self.printed.lock().unwrap();
        Ok(printed
            .iter()
            .take_while(|line| !line.contains(END))
            .collect())
    }

    /// Zooms the page of the present tab. In Chromium the window becomes smaller and its pixels larger, which is all
    /// that a page can see of a zoom.
    pub(crate) async fn zoom(&self, factor: u32) -> WebDriverResult<()> {
        if self.kind.engine == Engine::Firefox {
            let zoom = format!(
                "ZoomManager.setZoomForBrowser(gBrowser.selectedBrowser, {factor}); arguments[0]()"
            );
            self.within(&zoom).await?;
            return Ok(());
        }
        let metrics = json!({
            "width": 1000 / factor,
            "height": 800 / factor,
            "deviceScaleFactor": factor,
            "mobile": false,
        });
        let tools = self.driver.cdp();
        tools
            .send_raw("Emulation.setDeviceMetricsOverride", metrics)
            .await?;
        Ok(())
    }

    fn log(&self) -> String {
        let log = std::fs::read(log_of(self.process.directory())).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// What a script gives that runs in Firefox itself, not in a page.
    async fn within(&self, script: &str) -> WebDriverResult<Value> {
        self.driver.cmd(Context("chrome")).await?;
        let answer = self.driver.execute_async(script, Vec::new()).await;
        self.driver.cmd(Context("content")).await?;
        Ok(answer?.json().clone())
    }

    /// Ends it. A driver that is asked politely may never answer.
    pub(crate) fn kill(self) {
        let _ = self.driver.leak();
    }
}

/// Errors of pages, and warnings of our elements. Firefox's own parts warn too.
const SAID: [&str; 2] = ["console.error: \"", "console.warn: \"<luna-"];
const END: &str = "lunadefend: all that was printed";

/// Forgets all that pages have left.
const CLEAR: &str = "
    const done = arguments[0];
    Services.console.reset();
    Services.clearData.deleteData(Ci.nsIClearDataService.CLEAR_ALL, { onDataDeleted: done });";

/// The errors of pages, not of the browser's own parts.
const ERRORS: &str = "
    const done = arguments[0];
    const errors = Services.console.getMessageArray().filter((message) =>
        message instanceof Ci.nsIScriptError
        && !(message.flags & Ci.nsIScriptError.warningFlag)
        && /^https?:/.test(message.sourceName));
    done(errors.map(({ category, errorMessage, sourceName }) => `${category}: ${errorMessage} (${sourceName})`));";

/// The SHA-384 of nothing. Firefox says that a script has it when somebody has left the page before it came.
const OF_NOTHING: &str = "OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb";

/// Which part of Firefox scripts run in.
#[derive(Debug)]
struct Context(&'static str);

impl FormatRequestData for Context {
    fn format_request(&self, session: &thirtyfour::SessionId) -> RequestData {
        RequestData::new(
            http::Method::POST,
            format!("/session/{session}/moz/context"),
        )
        .add_body(json!({ "context": self.0 }))
    }
}
