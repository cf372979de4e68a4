//! Checks the application: it responds where browsers are sent, and publishes the key that it signs with.

use super::{between, get, report::Report, tokenizer::Ensured, why};
use http::{StatusCode, header};
use lunadefend::LunaDefend;
use lunadefend_core::adapter::AuthPlugin;
use serde_json::Value;

const SUBJECT: &str = "application";

pub(super) async fn check(luna: &LunaDefend, ensured: &Ensured, report: &mut Report) {
    let url = format!("{}{}", ensured.application, AuthPlugin::JWKS_PATH);
    let answer = match get(&url).await {
        Ok(answer) => answer,
        Err(error) => {
            if let Some(text) = between::unread(&url, &error) {
                return report.fail(SUBJECT, text);
            }
            return report.warn(
                SUBJECT,
                format!(
                    "no answer from {url}: {}; start the application and ask again",
                    why(&error)
                ),
            );
        }
    };
    if answer.status != StatusCode::OK {
        let problem = between::other(&url, &answer).unwrap_or_else(|| {
            format!(
                "{url} answers {}: the routes of LunaDefend must be merged into the application, below the path that the tokenizer's AUTH_PROVIDERS has",
                answer.status.as_u16()
            )
        });
        return report.fail(SUBJECT, problem);
    }
    let set: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kids: Vec<_> = set["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key["kid"].as_str())
        .collect();
    if kids.is_empty() {
        return report.fail(SUBJECT, format!("{url} is not a key set"));
    }
    let signing = luna.keys().published().await.unwrap_or_default();
    match signing.iter().find(|key| key.signs) {
        Some(key) if kids.contains(&key.kid.as_str()) => {
            report.ok(SUBJECT, format!("publishes our key at {url}"));
        }
        _ => {
            let age = answer.headers.get(header::AGE);
            let age: Option<u64> = age.and_then(|age| age.to_str().ok()?.parse().ok());
            let cache = age.filter(|age| *age > 0).map(|age| {
                format!(", or a cache in front of it still has an old key set ({age} s old by its Age): keep caches away from this path")
            });
            report.fail(
                SUBJECT,
                format!(
                    "{url} does not publish our key: the application there runs with another configuration{}",
                    cache.unwrap_or_default()
                ),
            );
        }
    }
}
