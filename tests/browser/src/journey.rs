//! One test in one browser: everything is set up for it, and shown when it fails.

use crate::{
    Application, Engine, Tab, ThirdPartyCookies, browser::Browser, engine::Kind, pool::Lease,
};
use futures_util::FutureExt as _;
use lunadefend_tests::{Hosts, Settings, World};
use std::{
    panic::{AssertUnwindSafe, resume_unwind},
    path::PathBuf,
};

/// What a test has.
pub struct Journey {
    /// The application and the tokenizer.
    pub world: World<Application>,
    /// The browser's first tab.
    pub tab: Tab,
    /// Which browser it is.
    pub engine: Engine,
    lease: Lease,
}

impl Journey {
    /// The application.
    #[must_use]
    pub fn app(&self) -> &Application {
        &self.world.application
    }

    /// The origin of the application's pages.
    #[must_use]
    pub fn application_origin(&self) -> &str {
        &self.world.app_url
    }

    /// The origin of the frames.
    #[must_use]
    pub fn tokenizer_origin(&self) -> &str {
        &self.world.tokenizer.url
    }

    /// Logs in, then opens a page of the test.
    pub async fn open_as(&self, user: &str, page: &str) {
        self.tab.open(&format!("/login/{user}")).await;
        self.tab.open(&format!("/p/{page}")).await;
    }

    /// What stands on the console since the test began, of all pages and frames: everything in Chromium, errors in
    /// Firefox. What breaks a content security policy is there in both.
    pub async fn console(&self) -> Vec<String> {
        self.lease.browser.console().await.unwrap()
    }

    /// Zooms the page, as a person does, until it is left in Firefox and for the life of the tab in Chromium.
    pub async fn zoom(&self, factor: u32) {
        self.lease.browser.zoom(factor).await.unwrap();
    }

    /// Nothing has been written there.
    ///
    /// # Panics
    /// When something has.
    pub async fn assert_quiet(&self) {
        let console = self.console().await;
        assert!(console.is_empty(), "on the console: {console:#?}");
    }
}

/// Runs a test in a browser with its usual settings, on an application and a tokenizer of its own. Without the
/// browser's driver it says that it was skipped.
pub async fn run(name: &str, engine: Engine, hosts: Hosts, test: impl AsyncFnOnce(&Journey)) {
    let settings = Settings {
        hosts,
        ..settings()
    };
    run_with(name, engine, settings, ThirdPartyCookies::Default, test).await;
}

/// The same where application and tokenizer are of one site.
pub async fn run_same_site(name: &str, engine: Engine, test: impl AsyncFnOnce(&Journey)) {
    run(name, engine, Hosts::SameSiteLocalhost, test).await;
}

/// What [`run`] sets up.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        hosts: Hosts::SameSiteLocalhost,
        // The page session can then be told without the application's keys.
        raw_session_ids: true,
        ..Settings::default()
    }
}

/// The same with other settings, which have [`Hosts`] for real browsers.
pub async fn run_with(
    name: &str,
    engine: Engine,
    settings: Settings,
    cookies: ThirdPartyCookies,
    test: impl AsyncFnOnce(&Journey),
) {
    let Some(driver) = engine.installed() else {
        return;
    };
    let kind = Kind {
        engine,
        cookies,
        https: settings.https,
    };
    let lease = Lease::take(kind, &driver).await;
    let mut world = World::around(settings, Application::start).await;
    world
        .application
        .set_urls(&world.app_url, &world.tokenizer.url);
    let journey = Journey {
        tab: Tab::new(lease.browser.driver.clone(), &world.app_url),
        world,
        engine,
        lease,
    };
    let outcome = AssertUnwindSafe(test(&journey)).catch_unwind().await;
    if let Err(panic) = outcome {
        show(&journey.lease.browser, name).await;
        journey.lease.browser.kill();
        resume_unwind(panic);
    }
    let Journey { world, lease, .. } = journey;
    let origins = [world.app_url.as_str(), &world.tokenizer.url];
    lease.give_back(&origins).await;
}

/// A picture of the page, its text, and what the browser wrote to its console, in files below `target/`.
pub(crate) async fn show(browser: &Browser, name: &str) {
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().nth(3).map(PathBuf::from).unwrap();
    let directory = target.join("browser-failures");
    std::fs::create_dir_all(&directory).unwrap();
    let stem = program.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.split('-').next().unwrap_or_default();
    let engine = browser.kind.engine;
    let file = |end: &str| directory.join(format!("{stem}-{name}-{engine:?}.{end}"));
    let driver = &browser.driver;
    let console = browser.console().await;
    let address = driver.current_url().await;
    let _ = driver.enter_default_frame().await;
    let page = driver.source().await.unwrap_or_default();
    let text = format!("{address:?}\n\n{console:#?}\n\n{page}\n");
    println!("{text}");
    if std::fs::write(file("txt"), text).is_ok() && driver.screenshot(&file("png")).await.is_ok() {
        println!("kept: {} and .txt beside it", file("png").display());
    }
}
