//! The life of a token, step by step, over real HTTP.

use crate::servers::Running;
use anyhow::Result;
use lunadefend_testing::browser::{Browser, Page};
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
        let mut ann = match self.servers.tokenizer.starts_with("https:") {
            true => Browser::with_tls()?,
            false => Browser::new()?,
        };
        let mut bob = ann.stranger();

        self.log_in(&mut ann, "user-1").await?;
        self.log_in(&mut bob, "user-2").await?;
        self.transfer(&mut ann, "user-1").await?;
        self.transfer(&mut bob, "user-2").await?;

        let token = self.tokenize(&mut ann).await?;
        self.set_ssn(&mut ann, "user-1", &token, 200).await?;
        self.get_ssn(&mut ann, &token).await?;
        self.detokenize(&mut ann, &token).await?;

        // The theft: user-2 got hold of user-1's token, by a log or over a shoulder.
        self.set_ssn(&mut bob, "user-2", &token, 401).await?;
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
            .post(
                &format!("{app}/login"),
                &json!({ "user": user }).to_string(),
            )
            .await?;
        let ok = page.status == 200;
        self.report(
            &format!("{user} logs in to the application"),
            &format!("POST {app}/login {{\"user\":\"{user}\"}}"),
            &format!("{}, a session cookie of the application", page.status),
            ok,
        );
        Ok(())
    }

    async fn transfer(&mut self, browser: &mut Browser, user: &str) -> Result<()> {
        let tokenizer = &self.servers.tokenizer;
        let way = browser.transfer_session(tokenizer).await?;
        let paths: Vec<_> = way.iter().map(|page| page.url.path()).collect();
        let ok = paths
            == [
                "/session/ensure",
                "/.lunasec/secure-frame",
                "/session/create",
            ];
        let last = way.last();
        self.report(
            &format!("{user}'s session is transferred to the tokenizer's domain"),
            &format!("GET {tokenizer}/session/ensure"),
            &format!(
                "{} by way of {}",
                last.map(Page::outcome).unwrap_or_default(),
                paths.join(" -> ")
            ),
            ok && last.is_some_and(Page::is_ok),
        );
        Ok(())
    }

    async fn tokenize(&mut self, browser: &mut Browser) -> Result<String> {
        let tokenizer = &self.servers.tokenizer;
        let token = browser.tokenize(tokenizer, SSN).await?;
        self.report(
            "user-1 types a value into the tokenizer's frame",
            &format!(
                "POST {tokenizer}/tokenize, then PUT {} of {} bytes to a signed URL",
                hidden(SSN),
                SSN.len()
            ),
            &shortened(&token),
            true,
        );
        Ok(token)
    }

    async fn set_ssn(
        &mut self,
        browser: &mut Browser,
        user: &str,
        token: &str,
        expected: u16,
    ) -> Result<()> {
        let app = &self.servers.app;
        let body = json!({ "ssn_token": token });
        let url = format!("{app}/set-ssn");
        let page = browser.post(&url, &body.to_string()).await?;
        let what = if expected == 200 {
            "the application verifies the token and stores it"
        } else {
            "user-2 posts user-1's token as their own and is refused"
        };
        let ok =
            page.status == expected && (expected == 200 || page.is_error(expected, "invalidGrant"));
        self.report(
            what,
            &format!(
                "{user}: POST {app}/set-ssn {{\"ssn_token\":\"{}\"}}",
                shortened(token)
            ),
            &page.outcome(),
            ok,
        );
        Ok(())
    }

    async fn get_ssn(&mut self, browser: &mut Browser, token: &str) -> Result<()> {
        let app = &self.servers.app;
        let page = browser.get(&format!("{app}/get-ssn")).await?;
        let ok = page.is_ok() && page.json()["ssnToken"] == token;
        self.report(
            "the application grants the token and sends it",
            &format!("user-1: GET {app}/get-ssn"),
            &format!(
                "{} {}",
                page.status,
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

    async fn detokenize(&mut self, browser: &mut Browser, token: &str) -> Result<()> {
        let tokenizer = &self.servers.tokenizer;
        let value = browser.detokenize(tokenizer, token).await?;
        let ok = value.is_ok() && value.body == SSN.as_bytes();
        self.report(
            "the tokenizer's frame reads the value back",
            &format!("user-1: POST {tokenizer}/detokenize, then GET a signed URL"),
            &format!(
                "{} {}",
                value.status,
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
        let tokenizer = &self.servers.tokenizer;
        let page = browser.detokenize(tokenizer, token).await?;
        let ok = page.status == 400
            && page.json()["error"]["errorMessage"]
                == "session does not have valid token grant available to detokenize";
        self.report(
            "user-2 asks for user-1's value and is refused",
            &format!(
                "user-2: POST {tokenizer}/detokenize {{\"tokenId\":\"{}\"}}",
                shortened(token)
            ),
            &page.outcome(),
            ok,
        );
        Ok(())
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
