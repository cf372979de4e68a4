//! The groups of rows.

mod auth_plugin;
mod faults;
mod grant;
mod log_out;
mod page;
mod plugin_settings;
mod recorded;
mod session;
mod verify;

use crate::{row::Row, run::Group};
use lunadefend_tests::{Hosts, Settings};
use std::time::Duration;

pub(crate) static AUTH_PLUGIN: Group =
    Group::new("auth plugin", auth_plugin::settings, auth_plugin::rows);
pub(crate) static PLUGIN_SETTINGS: Group = Group::new(
    "plugin settings",
    auth_plugin::settings,
    plugin_settings::rows,
);
pub(crate) static SESSION: Group = Group::new("session", settings, session::rows);
pub(crate) static LOG_OUT: Group = Group::new("log-out", settings, log_out::rows);
pub(crate) static PAGE: Group = Group::new("page", settings, page::rows);
pub(crate) static VERIFY: Group = Group::new("verify", settings, verify::rows);
pub(crate) static GRANT: Group = Group::new("grant", settings, grant::rows);
pub(crate) static FAULTS: Group = Group::new("faults", settings, faults::rows);
pub(crate) static SLOW: Group = Group::new("slow", impatient, faults::slow);
pub(crate) static AT_ONCE: Group = Group::new("at once", settings, at_once).at_once();

/// All of them.
pub(crate) static GROUPS: &[&Group] = &[
    &AUTH_PLUGIN,
    &PLUGIN_SETTINGS,
    &SESSION,
    &LOG_OUT,
    &PAGE,
    &VERIFY,
    &GRANT,
    &FAULTS,
    &SLOW,
    &AT_ONCE,
];

/// An application that sets nothing, and a line to its tokenizer that counts.
fn settings() -> Settings {
    Settings {
        hosts: Hosts::SameSite,
        proxied: true,
        ..Settings::default()
    }
}

fn impatient() -> Settings {
    Settings {
        deadline: Duration::from_secs(2),
        ..settings()
    }
}

/// What needs no order among the others, and each request several times.
fn at_once() -> Vec<Row> {
    let rows = || session::rows().into_iter().chain(verify::unordered());
    rows().chain(rows()).collect()
}
