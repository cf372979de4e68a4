//! A user of the application, in front of his browser.

use crate::{Browser, Page};
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// A user with a browser, and the two servers that he knows.
#[derive(Debug)]
pub struct Visitor {
    name: String,
    browser: Browser,
    app: String,
    tokenizer: String,
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

    /// The name that he logs in with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Leaves the browser as it is to somebody else.
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
    /// When no answer comes.
    pub async fn verify_session(&mut self) -> Result<Page> {
        let url = format!("{}/session/verify", self.tokenizer);
        self.browser.get(&url).await
    }

    /// Logs in to the application.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn log_in(&mut self) -> Result<Page> {
        let body = json!({ "user": self.name });
        self.post("/login", &body).await
    }

    /// Takes the session to the tokenizer's domain, as the page does.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn transfer_session(&mut self) -> Result<Page> {
        let url = format!("{}/session/ensure", self.tokenizer);
        self.browser.fetch_no_cors(&url).await
    }

    /// Types a value into the tokenizer's frame and gets its token.
    ///
    /// # Errors
    /// When it is not taken.
    pub async fn tokenize(&mut self, value: &str) -> Result<String> {
        let url = format!("{}/tokenize", self.tokenizer);
        let body = json!({ "metadata": { "dataType": "string" } });
        let page = self.browser.post(&url, &body).await?;
        ensure!(page.is_ok(), "no token was made: {}", page.outcome());
        let data = &page.json()["data"];
        let token = data["tokenId"]
            .as_str()
            .context("an answer without a token")?;
        let upload = data["uploadUrl"]
            .as_str()
            .context("an answer without a URL")?;
        let page = self.browser.put(upload, value).await?;
        ensure!(
            page.status.is_success(),
            "the value was not taken: {}",
            page.outcome()
        );
        Ok(token.to_owned())
    }

    /// Asks the tokenizer's frame for a value. The page is the value, or the refusal.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn detokenize(&mut self, token: &str) -> Result<Page> {
        let url = format!("{}/detokenize", self.tokenizer);
        let page = self
            .browser
            .post(&url, &json!({ "tokenId": token }))
            .await?;
        let Some(download) = page.json()["data"]["downloadUrl"]
            .as_str()
            .map(str::to_owned)
        else {
            return Ok(page);
        };
        let mut value = self.browser.get(&download).await?;
        // Whoever has that URL has the value.
        value.request = format!("{} -> a signed URL", page.request);
        Ok(value)
    }

    /// Asks the application for something.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&mut self, path: &str) -> Result<Page> {
        let url = format!("{}{path}", self.app);
        self.browser.get(&url).await
    }

    /// Posts something to the application.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&mut self, path: &str, body: &serde_json::Value) -> Result<Page> {
        let url = format!("{}{path}", self.app);
        self.browser.post(&url, body).await
    }
}
