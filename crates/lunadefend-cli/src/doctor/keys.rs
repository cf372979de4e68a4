//! Checks the signing key and its rotation.

use super::report::Report;
use lunadefend::{KeyRole, LunaDefend, PublishedKey};
use lunadefend_core::provider::Clock;
use lunadefend_jwt::SystemClock;

const SUBJECT: &str = "signing key";

pub(super) async fn check(luna: &LunaDefend, report: &mut Report) {
    let keys = match luna.keys().published().await {
        Ok(keys) => keys,
        Err(error) => return report.fail(SUBJECT, error.to_string()),
    };
    for key in keys {
        let PublishedKey {
            kid, bits, role, ..
        } = &key;
        let what = match (role, key.signs) {
            (_, true) => "signs".to_owned(),
            (KeyRole::Current, false) => {
                let wait = key.signs_from.duration_since(SystemClock.now());
                let minutes = wait.unwrap_or_default().as_secs().div_ceil(60);
                format!("current, published, will sign in {minutes} min")
            }
            (KeyRole::Next, false) => "next, published".to_owned(),
            (_, false) => "previous, still published".to_owned(),
        };
        let text = format!("RSA {bits} bits, key id {kid}: {what}");
        if *bits < 3072 {
            report.warn(
                SUBJECT,
                format!("{text}; enough until 2030 (NIST SP 800-57), make the next one with `lunadefend keygen`"),
            );
        } else {
            report.ok(SUBJECT, text);
        }
    }
}
