//! One table for all adapters: each row is a request, each column an adapter, and every answer must be
//! the one that the table has and the same under every framework: status, body, and all headers but the
//! two that are named in `answer.rs`.
//!
//! The applications are real servers on free ports, asked by a real client; what they stand on is the
//! real facade and a real tokenizer, which fetches the keys from them.
//!
//! # A new adapter
//! Copy `on/axum.rs`: one function that starts the application of `application.rs` on the framework and
//! returns its base URL. Add it to `ADAPTERS` in `on.rs`. It must have these routes:
//!
//! | route | it takes | it answers |
//! |---|---|---|
//! | `GET /whoami` | the session, or none | the id, or `nobody` |
//! | `GET /session` | `Session` | the id |
//! | `GET /profile` | `Session`, `Granter` | `Granted<Profile>` of the session's profile |
//! | `POST /profile` | `Session`, `Verified<Profile>` | what `Db::store` returns |
//! | `POST /tokens` | `Verified<Vec<VerifiedToken>>` | how many they are |
//! | `GET`, `HEAD /search` | `Verified<Search>` | what `Search::result` returns |
//! | `GET /page` | `Session`, `Luna` | what `application::page` returns |
//! | `POST /logout` | `Session`, `Luna` | `ended` |
//! | `GET /lend?duration=D` | `Granter` | `Granted` of the profile's `others` for that time |
//! | below `App::base`, and below `/nested` | | the auth plugin |
//! | anything else | | 404, `NO_SUCH_PAGE` |
//!
//! Texts are `text/plain; charset=utf-8`; bodies over `BODY_LIMIT` are refused; the session id provider
//! is `Provider::session`, asked with the `Cookie` header.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod answer;
mod application;
mod cell;
mod on;
mod row;
mod rows;
mod run;
mod settings;
mod site;
mod transfer;

use on::ADAPTERS;
use rows::{
    AT_ONCE, AUTH_PLUGIN, FAULTS, GRANT, GROUPS, LOG_OUT, PAGE, PLUGIN_SETTINGS, SESSION, SLOW,
    VERIFY,
};

#[test]
fn auth_plugin() {
    AUTH_PLUGIN.passed();
}

#[test]
fn plugin_settings() {
    PLUGIN_SETTINGS.passed();
}

#[test]
fn session() {
    SESSION.passed();
}

#[test]
fn log_out() {
    LOG_OUT.passed();
}

#[test]
fn page() {
    PAGE.passed();
}

#[test]
fn verify() {
    VERIFY.passed();
}

#[test]
fn grant() {
    GRANT.passed();
}

#[test]
fn faults() {
    FAULTS.passed();
}

#[test]
fn slow() {
    SLOW.passed();
}

#[test]
fn at_once() {
    AT_ONCE.passed();
}

/// Waits for the others.
#[test]
fn every_adapter_passes_every_row() {
    let rows: usize = GROUPS.iter().map(|group| group.len()).sum();
    let mut counts = String::new();
    for (column, adapter) in ADAPTERS.iter().enumerate() {
        let passed: usize = GROUPS.iter().map(|group| group.passed()[column]).sum();
        counts.push_str(&format!("\n{}: {passed} rows of {rows}", adapter.name));
        assert_eq!(passed, rows, "{}", adapter.name);
    }
    println!("{counts}");
}
