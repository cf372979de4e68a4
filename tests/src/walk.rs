//! Walks through the example applications: users who do what users do, and a thief who does not get far.

mod graphql;
mod log;
mod pages;
mod profiles;
mod program;
mod report;
mod visitor;

pub use program::{Program, run};
pub use report::Report;
pub use visitor::{Visit, Visitor};

use anyhow::Result;
use lunadefend_testing::browser::Browser;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(10);

/// What an application offers, and so what can be walked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// The routes of `axum-app`, `actix-app` and `warp-app`.
    Profiles,
    /// The schema of `graphql-app`.
    GraphQl,
}

impl Walk {
    /// How many steps there are.
    #[must_use]
    pub fn steps(self) -> usize {
        match self {
            Self::Profiles => 70,
            Self::GraphQl => 16,
        }
    }

    /// Walks through everything that the application at `app` can do. Every step prints a line.
    ///
    /// # Errors
    /// When a response does not come that the next step needs.
    pub async fn through(self, app: &str, tokenizer: &str) -> Result<Report> {
        let browser = if [app, tokenizer].iter().any(|url| url.starts_with("https:")) {
            Browser::with_tls()?
        } else {
            Browser::new()?
        };
        let browser = browser.with_deadline(DEADLINE);
        let visitor = |name: &str| Visitor::new(name, browser.stranger(), app, tokenizer);
        let mut report = Report::default();
        match self {
            Self::Profiles => profiles::walk(&mut report, visitor).await?,
            Self::GraphQl => graphql::walk(&mut report, visitor).await?,
        }
        Ok(report)
    }
}
