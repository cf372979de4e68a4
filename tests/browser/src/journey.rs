//! One test in one browser: everything is started for it, and shown when it fails.

use crate::{Application, Engine, Tab, engine::Running};
use futures_util::FutureExt as _;
use lunadefend_tests::{Hosts, Settings, World};
use std::panic::{AssertUnwindSafe, resume_unwind};

/// What a test has.
pub struct Journey {
    /// The application and the tokenizer.
    pub world: World<Application>,
    /// The browser's first tab.
    pub tab: Tab,
    /// Which browser it is.
    pub engine: Engine,
}

impl Journey {
    /// The application.
    #[must_use]
    pub fn app(&self) -> &Application {
        &self.world.application
    }

    /// Logs in, then opens a page of the test.
    pub async fn open_as(&self, user: &str, page: &str) {
        self.tab.open(&format!("/login/{user}")).await;
        self.tab.open(&format!("/p/{page}")).await;
    }
}

/// Runs a test in a browser, on an application and a tokenizer of its own. Without the browser's driver it says
/// that it was skipped.
pub async fn run(name: &str, engine: Engine, hosts: Hosts, test: impl AsyncFnOnce(&Journey)) {
    let Some(driver) = engine.installed() else {
        return;
    };
    let settings = Settings {
        hosts,
        // The page session can then be told without the application's keys.
        raw_session_ids: true,
        ..Settings::default()
    };
    let world = World::around(settings, Application::start).await;
    world.application.set_tokenizer(&world.tokenizer.url);
    let running = engine.start(&driver).await;
    let journey = Journey {
        tab: Tab::new(running.driver.clone(), &world.application.url),
        world,
        engine,
    };
    let outcome = AssertUnwindSafe(test(&journey)).catch_unwind().await;
    if outcome.is_err() {
        show(&running, &format!("{name}-{engine:?}")).await;
    }
    let _ = running.driver.clone().quit().await;
    drop(running);
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// A picture of the page, and what the browser wrote to its console.
async fn show(running: &Running, name: &str) {
    let driver = &running.driver;
    let directory = std::env::temp_dir().join("lunadefend-browser-tests");
    let _ = std::fs::create_dir_all(&directory);
    let file = directory.join(format!("{name}.png"));
    if driver.screenshot(&file).await.is_ok() {
        println!("screenshot: {}", file.display());
    }
    if let Ok(log) = driver.browser_log().await {
        for entry in log {
            println!("console: {entry:?}");
        }
    }
    if let Ok(source) = driver.source().await {
        println!("page: {source}");
    }
}
