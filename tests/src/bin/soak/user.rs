//! One of many users.

use crate::load::Load;
use anyhow::{Context, Result, ensure};
use lunadefend_testing::browser::Browser;
use lunadefend_tests::walk::{Visit, Visitor};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinSet};

/// How many log in at the same time.
const AT_THE_DOOR: usize = 32;
const DEADLINE: Duration = Duration::from_secs(60);

/// A user who is logged in and has a profile.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) number: u64,
    pub(crate) visitor: Visitor,
    set_ssn: Value,
    profile: Value,
}

/// Logs all users in.
pub(crate) async fn let_in(load: &Load, app: &str, tokenizer: &str) -> Result<Vec<User>> {
    // One for all, so that connections are used again.
    let browser = if [app, tokenizer].iter().any(|url| url.starts_with("https:")) {
        Browser::with_tls()?
    } else {
        Browser::new()?
    };
    let browser = browser.with_deadline(DEADLINE);
    let door = Arc::new(Semaphore::new(AT_THE_DOOR));
    let mut entering = JoinSet::new();
    for number in 0..load.clients() {
        let visitor = Visitor::new(format!("user-{number}"), browser.stranger(), app, tokenizer);
        let door = Arc::clone(&door);
        entering.spawn(async move {
            let _permit = door.acquire().await?;
            enter(number, visitor).await
        });
    }
    let mut users = Vec::new();
    while let Some(user) = entering.join_next().await {
        users.push(user?.context("a user did not get in")?);
    }
    Ok(users)
}

/// Sets all users going, until the load is over.
pub(crate) fn start(load: &Arc<Load>, users: Vec<User>) -> JoinSet<()> {
    let mut going = JoinSet::new();
    for user in users {
        going.spawn(user.go_round(Arc::clone(load)));
    }
    going
}

async fn enter(number: u64, mut visitor: Visitor) -> Result<User> {
    let page = visitor.log_in().await?;
    ensure!(page.is_ok(), "logging in: {}", page.outcome());
    let page = visitor.transfer_session().await?;
    ensure!(page.is_ok(), "{}: {}", page.request, page.outcome());
    let ssn = visitor.tokenize("078-05-1120").await?;
    let phone = visitor.tokenize("555-0100").await?;
    let card = visitor.tokenize("4111 1111 1111 1111").await?;
    let profile = json!({ "ssn": ssn, "phone": phone, "address": null, "photo": null, "cards": { "blue": card } });
    let page = visitor.post("/profile", &profile).await?;
    ensure!(page.is_ok(), "storing the profile: {}", page.outcome());
    Ok(User {
        number,
        visitor,
        set_ssn: json!({ "ssn_token": ssn }),
        profile,
    })
}

impl User {
    /// Verifies and is granted, one token and several, over and over.
    async fn go_round(mut self, load: Arc<Load>) {
        let visitor = &mut self.visitor;
        let (profile, token) = (&self.profile, &self.set_ssn["ssn_token"]);
        let is_success = |page: &Visit| page.is_ok() && page.json()["success"] == true;
        let is_ssn = |page: &Visit| page.is_ok() && &page.json()["ssnToken"] == token;
        let is_profile = |page: &Visit| page.is_ok() && &page.json() == profile;
        // They do not all do the same at the same time.
        let mut step = self.number;
        while !load.is_over() {
            match step % 4 {
                0 => {
                    let set = visitor.post("/set-ssn", &self.set_ssn);
                    load.request(set, is_success).await;
                }
                1 => load.request(visitor.get("/get-ssn"), is_ssn).await,
                2 => {
                    let set = visitor.post("/profile", profile);
                    load.request(set, is_success).await;
                }
                _ => {
                    load.request(visitor.get("/profile"), is_profile).await;
                    load.finished_round((step - self.number) / 4 + 1);
                }
            }
            step += 1;
        }
    }
}
