//! The life of a token, step by step, over real HTTP.

use crate::{
    browser::{Browser, Page},
    servers::Running,
};
use anyhow::{Context, Result, ensure};
use http::{Method, StatusCode};
use serde_json::json;

const SSN: &str = "078-05-1120";

/// Prints the steps and keeps count of those that did not go as they must.
pub(crate) struct Tour<'a> {
    servers: &'a Running,
    step: usize,
    failures: usize,
}

impl<'a> Tour<'a> {
    pub(crate) fn new(servers: &'a Running) -> Self {
        Self {
            servers,
            step: 0,
            failures: 0,
        }
    }

    /// Runs every step. True when each went as it must.
    pub(crate) async fn run(&mut self) -> Result<bool> {
        let tls = self.servers.tokenizer.starts_with("https:");
        let mut ann = Browser::new(tls)?;
        let mut bob = Browser::new(tls)?;

        self.log_in(&mut ann, "user-1").await?;
        self.log_in(&mut bob, "user-2").await?;
        self.transfer(&mut ann, "user-1").await?;
        self.transfer(&mut bob, "user-2").await?;

        let token = self.tokenize(&mut ann).await?;
        self.set_ssn(&mut ann, "user-1", &token, StatusCode::OK)
            .await?;
        self.get_ssn(&mut ann, &token).await?;
        self.detokenize(&mut ann, &token).await?;

        // The theft: user-2 got hold of user-1's token, by a log or over a shoulder.
        self.set_ssn(&mut bob, "user-2", &token, StatusCode::UNAUTHORIZED)
            .await?;
        self.refused_detokenize(&mut bob, &token).await?;
        Ok(self.failures == 0)
    }

    fn report(&mut self, what: &str, sent: &str, came_back: &str, as_it_must: bool) {
        self.step += 1;
        self.failures += usize::from(!as_it_must);
        let mark = if as_it_must { "ok" } else { "WRONG" };
        println!("{:>2}. {what}: {sent} -> {came_back} [{mark}]", self.step);
    }

    async fn log_in(&mut self, browser: &mut Browser, user: &str) -> Result<()> {
        let app = &self.servers.app;
        let page = browser
            .post(app, &format!("{app}/login"), &json!({ "user": user }))
            .await?;
        let ok = page.status == StatusCode::OK;
        self.report(
            &format!("{user} logs in to the application"),
            &format!("POST {app}/login {{\"user\":\"{user}\"}}"),
            &format!(
                "{}, a session cookie of the application",
                page.status.as_u16()
            ),
            ok,
        );
        Ok(())
    }

    async fn transfer(&mut self, browser: &mut Browser, user: &str) -> Result<()> {
        let url = format!("{}/session/ensure", self.servers.tokenizer);
        let (trail, page) = browser.fetch_no_cors(&url).await?;
        let ok = page.status == StatusCode::OK
            && trail
                == [
                    "/session/ensure",
                    "/.lunasec/secure-frame",
                    "/session/create",
                ];
        self.report(
            &format!("{user}'s session is transferred to the tokenizer's domain"),
            &format!("GET {url}"),
            &format!("{} by way of {}", outcome(&page), trail.join(" -> ")),
            ok,
        );
        Ok(())
    }

    async fn tokenize(&mut self, browser: &mut Browser) -> Result<String> {
        let tokenizer = &self.servers.tokenizer;
        let metadata = json!({ "metadata": { "dataType": "string" } });
        let page = browser
            .post(tokenizer, &format!("{tokenizer}/tokenize"), &metadata)
            .await?;
        ensure!(
            page.status == StatusCode::OK,
            "the tokenizer made no token: {}",
            outcome(&page)
        );
        let answer = page.json()?;
        let data = &answer["data"];
        let token = data["tokenId"]
            .as_str()
            .context("no token in the answer")?
            .to_owned();
        let upload = data["uploadUrl"]
            .as_str()
            .context("no upload URL in the answer")?;
        let uploaded = browser
            .send(
                Method::PUT,
                upload,
                &[("content-type", "text/plain")],
                SSN.into(),
            )
            .await?;
        let ok = page.status == StatusCode::OK && uploaded.status.is_success();
        self.report(
            "user-1 types a value into the tokenizer's frame",
            &format!(
                "POST {tokenizer}/tokenize, then PUT {} of {} bytes to a signed URL",
                hidden(SSN),
                SSN.len()
            ),
            &format!(
                "{} {}, {}",
                page.status.as_u16(),
                shortened(&token),
                uploaded.status.as_u16()
            ),
            ok,
        );
        Ok(token)
    }

    async fn set_ssn(
        &mut self,
        browser: &mut Browser,
        user: &str,
        token: &str,
        expected: StatusCode,
    ) -> Result<()> {
        let app = &self.servers.app;
        let body = json!({ "ssn_token": token });
        let page = browser.post(app, &format!("{app}/set-ssn"), &body).await?;
        let what = if expected == StatusCode::OK {
            "the application verifies the token and stores it"
        } else {
            "user-2 posts user-1's token as his own and is refused"
        };
        let ok = page.status == expected
            && (expected == StatusCode::OK || error_name(&page).as_deref() == Some("invalidGrant"));
        self.report(
            what,
            &format!(
                "{user}: POST {app}/set-ssn {{\"ssn_token\":\"{}\"}}",
                shortened(token)
            ),
            &outcome(&page),
            ok,
        );
        Ok(())
    }

    async fn get_ssn(&mut self, browser: &mut Browser, token: &str) -> Result<()> {
        let app = &self.servers.app;
        let page = browser
            .send(Method::GET, &format!("{app}/get-ssn"), &[], Vec::new())
            .await?;
        let ok = page.status == StatusCode::OK && page.json()?["ssnToken"] == token;
        self.report(
            "the application grants the token and sends it",
            &format!("user-1: GET {app}/get-ssn"),
            &format!(
                "{} {}",
                page.status.as_u16(),
                if ok {
                    shortened(token)
                } else {
                    "another answer".to_owned()
                }
            ),
            ok,
        );
        Ok(())
    }

    async fn ask_for_value(&self, browser: &mut Browser, token: &str) -> Result<Page> {
        let tokenizer = &self.servers.tokenizer;
        browser
            .post(
                tokenizer,
                &format!("{tokenizer}/detokenize"),
                &json!({ "tokenId": token }),
            )
            .await
    }

    async fn detokenize(&mut self, browser: &mut Browser, token: &str) -> Result<()> {
        let page = self.ask_for_value(browser, token).await?;
        let answer = page.json()?;
        let url = answer["data"]["downloadUrl"]
            .as_str()
            .context("no download URL in the answer")?;
        let value = browser.send(Method::GET, url, &[], Vec::new()).await?;
        let ok = value.status == StatusCode::OK && value.body == SSN.as_bytes();
        self.report(
            "the tokenizer's frame reads the value back",
            &format!(
                "user-1: POST {}/detokenize, then GET a signed URL",
                self.servers.tokenizer
            ),
            &format!(
                "{}, {} {}",
                page.status.as_u16(),
                value.status.as_u16(),
                if ok {
                    hidden(SSN)
                } else {
                    "another value".to_owned()
                }
            ),
            ok,
        );
        Ok(())
    }

    async fn refused_detokenize(&mut self, browser: &mut Browser, token: &str) -> Result<()> {
        let page = self.ask_for_value(browser, token).await?;
        let ok = page.status == StatusCode::BAD_REQUEST
            && page.json()?["error"]["errorMessage"]
                == "session does not have valid token grant available to detokenize";
        self.report(
            "user-2 asks for user-1's value and is refused",
            &format!(
                "user-2: POST {}/detokenize {{\"tokenId\":\"{}\"}}",
                self.servers.tokenizer,
                shortened(token)
            ),
            &outcome(&page),
            ok,
        );
        Ok(())
    }
}

fn error_name(page: &Page) -> Option<String> {
    Some(page.json().ok()?["error"]["name"].as_str()?.to_owned())
}

/// The status, and the error of an answer that has one.
fn outcome(page: &Page) -> String {
    let status = page.status.as_u16();
    match page.json() {
        Ok(body) if body["success"] == false => {
            let error = &body["error"];
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            format!("{status} {}: {}", text("name"), text("message"))
        }
        _ => status.to_string(),
    }
}

fn shortened(token: &str) -> String {
    format!("{}..", token.chars().take(12).collect::<String>())
}

fn hidden(value: &str) -> String {
    format!(
        "***{}",
        value
            .chars()
            .skip(value.chars().count().saturating_sub(2))
            .collect::<String>()
    )
}
