//! Every recorded case of the original's auth plugin has its row, or a reason why not.

use super::{AUTH_PLUGIN, PLUGIN_SETTINGS};
use std::collections::BTreeSet;

/// All cases of `node-sdk/express_plugin.json`.
const RECORDED: &[&str] = &[
    "jwks",
    "jwks_head",
    "jwks_post",
    "jwks_options",
    "jwks_if_none_match",
    "jwks_trailing_slash",
    "jwks_uppercase",
    "frame",
    "frame_head",
    "frame_post",
    "frame_accept_html",
    "frame_accept_json",
    "frame_no_state",
    "frame_state_empty",
    "frame_state_twice",
    "frame_state_object",
    "frame_state_special",
    "frame_state_plus",
    "frame_state_bad_percent",
    "frame_extra_query",
    "frame_no_session_null",
    "frame_no_state_no_session",
    "frame_session_empty",
    "frame_session_number",
    "frame_session_zero",
    "frame_session_unicode",
    "frame_session_object",
    "frame_session_sync",
    "frame_session_from_cookie",
    "frame_session_from_cookie_missing",
    "jwks_base_api",
    "jwks_base_api_old_path",
    "frame_base_api",
    "frame_base_api_slash",
    "frame_base_no_leading_slash",
    "frame_base_empty",
    "frame_base_dotdot",
    "frame_base_param",
    "frame_router_mount",
    "frame_dot_is_literal",
    "frame_public_url",
    "frame_public_url_empty",
    "frame_public_url_path",
    "frame_tokenizer_url_path",
    "frame_tokenizer_url_path_slash",
    "frame_tokenizer_url_deep",
    "frame_tokenizer_url_deep_slash",
    "frame_tokenizer_url_root_slash",
    "frame_tokenizer_url_query",
    "frame_tokenizer_url_https_default_port",
    "frame_tokenizer_url_http_port",
    "frame_tokenizer_url_userinfo",
    "frame_tokenizer_url_upper",
    "frame_tokenizer_url_idn",
];

/// The cases without a row, and why.
const WITHOUT_ROW: &[(&str, &str)] = &[
    (
        "frame_session_object",
        "does not compile: a session id is text",
    ),
    (
        "frame_base_dotdot",
        "a base path is taken as it is written; express resolves dots",
    ),
    (
        "frame_base_param",
        "a pattern of express; frameworks have their own, and `nest`, `scope` or `path` for them",
    ),
    (
        "frame_public_url_empty",
        "the environment and the file take an empty text for none, which `configuration.rs` of the facade tests",
    ),
    (
        "frame_tokenizer_url_query",
        "an error when the SDK is built: `settings.rs`",
    ),
    (
        "frame_tokenizer_url_userinfo",
        "an error when the SDK is built: `settings.rs`",
    ),
];

#[test]
fn every_recorded_case_has_its_row() {
    let rows = [(AUTH_PLUGIN.rows)(), (PLUGIN_SETTINGS.rows)()];
    let names: Vec<String> = rows.into_iter().flatten().map(|row| row.name).collect();
    let mut covered = BTreeSet::new();
    for name in &names {
        assert!(covered.insert(name.as_str()), "two rows are called {name}");
    }
    for (name, _) in WITHOUT_ROW {
        assert!(covered.insert(name), "{name} has a row");
    }
    let missing: Vec<_> = RECORDED
        .iter()
        .filter(|name| !covered.contains(*name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(RECORDED.len(), 54);
}
