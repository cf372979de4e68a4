//! `lunadefend doctor`: checks whether an application's configuration will work.

mod application;
mod between;
mod clock;
mod cookies;
mod environment;
mod keys;
mod pages;
mod report;
mod tokenizer;

use crate::roots;
use anyhow::Result;
use clap::Args;
use lunadefend::{ConfigError, LunaDefend};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient, HttpError, Request, Response};
use lunadefend_secrets::ProcessEnvironment;
use report::Report;
use std::{error::Error as _, path::PathBuf, time::Duration};

/// Check the configuration of an application: its key, its tokenizer, and the connection between them.
///
/// Reads the application's settings from the environment and from its TOML file, and prints one line for each
/// check. It stores and grants nothing. The exit code is 0 unless a check fails.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Doctor {
    /// The TOML file of the application; its environment wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The URL at which browsers reach the application, with the path above LunaDefend's routes.
    #[arg(long, value_name = "URL")]
    app: Option<String>,
}

const HELP: &str = "\
What is looked at:
  configuration  every setting, and that the secrets are there
  signing key    what it is, which key signs, and what is published beside it
  tokenizer      that it answers at TOKENIZER_URL
  clock          that its clock and ours agree
  trust          that it accepts a JWT of our key: it has our key set
  transfer       where it sends a browser that needs a session
  application    that the application is there, and publishes our key
  cookies        whether browsers will keep the tokenizer's cookie
  frame          which pages can have secure fields
  elements       that the tokenizer has the element module that pages of this version name

Only when there is something to say:
  certificates   what is wrong with SSL_CERT_FILE or SSL_CERT_DIR: PEM files of root certificates
                 that take the place of the system's
  trust domain   applications that have one tokenizer together
  egress proxy   HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, which are not used";

impl Doctor {
    /// Runs the checks; returns whether none failed.
    pub(crate) async fn run(self) -> Result<bool> {
        let mut report = Report::default();
        if let Some(problem) = roots::problem(&ProcessEnvironment) {
            report.warn("certificates", problem);
        }
        let app = self
            .app
            .as_deref()
            .map(|url| BaseUrl::parse(url, "--app", Cleartext::LoopbackOnly))
            .transpose()?;
        let Some(luna) = self.configuration(&mut report).await else {
            return Ok(report.finish());
        };
        keys::check(&luna, &mut report).await;
        if let Some(ensured) = tokenizer::check(&luna, app.as_ref(), &mut report).await {
            application::check(&luna, &ensured, &mut report).await;
            cookies::check(&luna, &ensured, &mut report);
            pages::check(&luna, &ensured, &mut report).await;
        }
        Ok(report.finish())
    }

    async fn configuration(&self, report: &mut Report) -> Option<LunaDefend> {
        let outcome = match &self.config {
            Some(path) => LunaDefend::from_toml_file(path).await,
            None => LunaDefend::from_env().await,
        };
        match outcome {
            Ok(luna) => {
                let from = self.config.as_ref().map_or_else(
                    || "the environment".to_owned(),
                    |path| path.display().to_string(),
                );
                report.ok("configuration", format!("every setting of {from} is right"));
                Some(luna)
            }
            Err(error) => {
                report.fail("configuration", chain(&error));
                None
            }
        }
    }
}

/// Returns an error with its causes. Our own causes contain no secret.
fn chain(error: &ConfigError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// Sends one GET request, as a browser without cookies would.
async fn get(url: &str) -> Result<Response, HttpError> {
    get_with(url, http::HeaderMap::new()).await
}

/// The same with more headers.
async fn get_with(url: &str, headers: http::HeaderMap) -> Result<Response, HttpError> {
    let http = HttpClient::builder()
        .tls(url.starts_with("https:"))
        .build()?;
    http.send(Request {
        method: http::Method::GET,
        url: url.into(),
        headers,
        body: bytes::Bytes::new(),
        max_response: 256 * 1024,
        deadline: tokio::time::Instant::now() + Duration::from_secs(5),
    })
    .await
}

/// Returns why the response is missing, with the innermost cause.
fn why(error: &HttpError) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    let (text, cause) = (error.to_string(), innermost.to_string());
    if text == cause {
        text
    } else {
        format!("{text} ({cause})")
    }
}
