//! A user of an application, in front of their browser.

use anyhow::{Result, ensure};
use http::Method;
use lunadefend_testing::browser::{Browser, Page};
use serde_json::Value;
use std::ops::Deref;

/// A user with a browser, and the two servers that they know.
#[derive(Debug)]
pub struct Visitor {
    name: String,
    browser: Browser,
    app: String,
    tokenizer: String,
}

/// A response, and what was asked for: the method and the paths that it came by, without queries.
#[derive(Debug)]
pub struct Visit {
    /// What was asked for.
    pub request: String,
    page: Page,
}

impl Deref for Visit {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl Visitor {
    /// A user who has not logged in. The URLs have no slash at their end.
    pub fn new(name: impl Into<String>, browser: Browser, app: &str, tokenizer: &str) -> Self {
        Self {
            name: name.into(),
            browser,
            app: app.to_owned(),
            tokenizer: tokenizer.to_owned(),
        }
    }

    /// The name that they log in with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Leaves the browser as it is to another user.
    #[must_use]
    pub fn leave_to(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// Asks the tokenizer whether the browser has a session there, as script of the page does.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn verify_session(&mut self) -> Result<Visit> {
        let url = format!("{}/session/verify", self.tokenizer);
        visit(vec![self.browser.get(&url).await?])
    }

    /// Logs in to the application.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn log_in(&mut self) -> Result<Visit> {
        let body = serde_json::json!({ "user": self.name });
        self.post("/login", &body).await
    }

    /// Takes the session to the tokenizer's domain, as the page does.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn transfer_session(&mut self) -> Result<Visit> {
        visit(self.browser.transfer_session(&self.tokenizer).await?)
    }

    /// Types a value into the tokenizer's frame and gets its token.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn tokenize(&mut self, value: &str) -> Result<String> {
        Ok(self.browser.tokenize(&self.tokenizer, value).await?)
    }

    /// Asks the tokenizer's frame for a value. The page is the value, or the refusal.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn detokenize(&mut self, token: &str) -> Result<Visit> {
        let page = self.browser.detokenize(&self.tokenizer, token).await?;
        // The path of a signed URL is the value to everybody who has it.
        let request = match page.url.path().ends_with("/detokenize") {
            true => "POST /detokenize",
            false => "POST /detokenize -> a signed URL",
        };
        Ok(Visit {
            request: request.to_owned(),
            page,
        })
    }

    /// Asks the application for something.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn get(&mut self, path: &str) -> Result<Visit> {
        let url = format!("{}{path}", self.app);
        visit(vec![self.browser.get(&url).await?])
    }

    /// Opens a page of the application. A redirect is not followed.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn open(&mut self, path: &str) -> Result<Visit> {
        let headers = [PAGE, &[("sec-fetch-site", "same-origin")]].concat();
        let url = format!("{}{path}", self.app);
        let page = self.browser.send(Method::GET, &url, &headers, b"");
        visit(vec![page.await?])
    }

    /// Sends a form of a page, from the application's own origin or, as `from` says, from elsewhere. A redirect is
    /// not followed.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn submit(&mut self, from: &str, path: &str, form: &str) -> Result<Visit> {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let headers = [PAGE, &[("sec-fetch-site", from), kind]].concat();
        let url = format!("{}{path}", self.app);
        let page = self
            .browser
            .send(Method::POST, &url, &headers, form.as_bytes());
        visit(vec![page.await?])
    }

    /// Posts something to the application.
    ///
    /// # Errors
    /// When no response comes.
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Visit> {
        let url = format!("{}{path}", self.app);
        visit(vec![self.browser.post(&url, &body.to_string()).await?])
    }
}

/// What a browser says of a request that it sends because a person opened a page.
const PAGE: &[(&str, &str)] = &[
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

/// The last of these pages, and the way to it. Script must not be able to read a cookie that any of them sets.
fn visit(mut way: Vec<Page>) -> Result<Visit> {
    for cookie in way
        .iter()
        .flat_map(|page| page.headers.get_all("set-cookie"))
    {
        let cookie = cookie.to_str()?.to_ascii_lowercase();
        let has = |attribute| cookie.split(';').any(|part| part.trim() == attribute);
        ensure!(
            has("httponly") || has("max-age=0"),
            "a cookie can be read by script"
        );
    }
    let paths: Vec<_> = way.iter().map(|page| page.url.path()).collect();
    let paths = paths.join(" -> ");
    let page = way.pop().ok_or_else(|| anyhow::anyhow!("no page"))?;
    Ok(Visit {
        request: format!("{} {paths}", page.method),
        page,
    })
}
