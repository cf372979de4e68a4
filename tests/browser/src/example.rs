//! An example application as its users start it, and its pages as a person uses them.

use crate::{Engine, Tab, ThirdPartyCookies, engine::Kind, journey::show, pool::Lease};
use futures_util::FutureExt as _;
use lunadefend_testing::tokenizer::{BoundTokenizer, RunningTokenizer};
use lunadefend_tests::walk::Program;
use serde_json::json;
use std::{
    io::{BufRead as _, BufReader},
    panic::{AssertUnwindSafe, resume_unwind},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Mutex,
};

/// How an example is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Beside a tokenizer of the test.
    BesideTokenizer,
    /// With `--serve`: it has its own.
    Alone,
}

enum Server {
    Beside(
        Program,
        #[expect(dead_code, reason = "it ends when it is dropped")] Box<RunningTokenizer>,
    ),
    Alone(Child),
}

/// An example in a browser.
pub struct Example {
    /// The browser's first tab.
    pub tab: Tab,
    engine: Engine,
    server: Server,
    /// What may stand in a line of the console.
    provoked: Mutex<Vec<&'static str>>,
}

/// Runs a journey in a browser, through an example of its own. Without the browser's driver it says that it was
/// skipped. Afterwards the browser must have nothing to complain of, but what the journey says that it provoked.
pub async fn run_example(
    name: &str,
    engine: Engine,
    (program, start): (&str, Start),
    journey: impl AsyncFnOnce(&Example),
) {
    let Some(driver) = engine.installed() else {
        return;
    };
    let kind = Kind {
        engine,
        cookies: ThirdPartyCookies::Default,
        https: false,
    };
    let lease = Lease::take(kind, &driver).await;
    let (server, origins) = Server::start(Path::new(program), start).await;
    let [application, tokenizer] = &origins;
    let example = Example {
        tab: Tab::new(lease.browser.driver.clone(), application),
        engine,
        server,
        provoked: Mutex::default(),
    };
    let test = async {
        journey(&example).await;
        let console = lease.browser.console().await.unwrap();
        let provoked = example.provoked.lock().unwrap().clone();
        let is_provoked = |line: &&String| provoked.iter().any(|text| line.contains(text));
        let console: Vec<_> = console.iter().filter(|line| !is_provoked(line)).collect();
        assert!(console.is_empty(), "on the console: {console:#?}");
    };
    let outcome = AssertUnwindSafe(test).catch_unwind().await;
    if let Err(panic) = outcome {
        show(&lease.browser, name).await;
        println!("application: {}", example.server.printed());
        lease.browser.kill();
        resume_unwind(panic);
    }
    drop(example);
    lease.give_back(&[application, tokenizer]).await;
}

impl Example {
    /// From now on a line of the browser's console may have this text: the journey provokes it.
    pub fn provoke(&self, text: &'static str) {
        self.provoked.lock().unwrap().push(text);
    }

    /// Opens the application and logs in.
    pub async fn log_in(&self, user: &str) {
        self.tab.open("/").await;
        let name = self.tab.find("#user").await;
        name.send_keys(user).await.unwrap();
        self.tab.click("main button").await;
        self.tab.find(".user").await;
    }

    /// Logs out by the button.
    pub async fn log_out(&self) {
        self.tab.click("header button").await;
        self.tab.find("#user").await;
    }

    /// Goes from the profile to its form, whose fields have the ids of what the profile shows.
    pub async fn edit(&self) {
        self.tab.click("main a[href='/edit']").await;
        for field in ["luna-input#ssn", "luna-input#card", "luna-file#photo"] {
            self.tab.find(&format!("{field}:state(ready)")).await;
        }
    }

    /// Sends the form and waits for the profile.
    pub async fn save(&self) {
        self.tab.click("main button").await;
        self.tab.find("dl").await;
    }

    /// Reveals a value and reads it.
    pub async fn reveal(&self, element: &str) -> String {
        self.tab.click_in(element, "#toggle").await;
        self.tab.shown(element).await
    }

    /// The token in an element of the page.
    pub async fn token(&self, element: &str) -> String {
        let element = self.tab.find(element).await;
        element.attr("token").await.unwrap().unwrap_or_default()
    }

    /// Has axe look at the page, and in the dark too where the browser has that for a test.
    pub async fn assert_accessible(&self) {
        self.tab.assert_all_accessible(false).await;
        if self.engine == Engine::Chromium {
            self.light("dark").await;
            self.tab.assert_all_accessible(true).await;
            self.light("light").await;
        }
    }

    /// Says which light the person wants, `light` or `dark`: in Chromium.
    pub async fn light(&self, light: &str) {
        let feature = json!({ "name": "prefers-color-scheme", "value": light });
        let features = json!({ "features": [feature] });
        let tools = self.tab.driver.cdp();
        let method = "Emulation.setEmulatedMedia";
        tools.send_raw(method, features).await.unwrap();
    }

    /// The application has never printed any of it, with everything logged.
    pub fn never_printed(&self, secrets: &[&str]) {
        let printed = self.server.printed();
        for secret in secrets {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

impl Server {
    /// Gives the origins of the application and of its tokenizer, too.
    async fn start(program: &Path, start: Start) -> (Self, [String; 2]) {
        if start == Start::Alone {
            let mut child = Command::new(program)
                .arg("--serve")
                .env_remove("TOKENIZER_URL")
                .env_remove("LUNASEC_SIGNING_KEY")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut origin = || {
                let line = lines.next().unwrap().unwrap();
                let (_, origin) = line.split_once(char::is_whitespace).unwrap();
                origin.trim().to_owned()
            };
            let origins = [origin(), origin()];
            // It ends when it has nobody to talk to.
            std::thread::spawn(move || lines.for_each(drop));
            return (Self::Alone(child), origins);
        }
        let tokenizer = BoundTokenizer::bind().await.unwrap();
        let mut program = Program::start(program, tokenizer.url()).unwrap();
        let url = program.url().unwrap();
        let tokenizer = tokenizer.serve_in_real_time(&url).await.unwrap();
        let origins = [url, tokenizer.url().to_owned()];
        (Self::Beside(program, Box::new(tokenizer)), origins)
    }

    fn printed(&self) -> String {
        match self {
            Self::Beside(program, _) => program.printed(),
            Self::Alone(_) => String::new(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Self::Alone(child) = self {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
