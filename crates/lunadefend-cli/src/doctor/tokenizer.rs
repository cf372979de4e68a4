//! The tokenizer: that it is there, agrees about the time, trusts our key, and knows our application.

use super::{get, report::Report, why};
use http::{HeaderMap, StatusCode, header};
use lunadefend::{ErrorKind, LunaDefend, SessionId, UntrustedToken};
use lunadefend_core::{AuthPlugin, Clock};
use lunadefend_http::{Answer, BaseUrl};
use lunadefend_jwt::SystemClock;
use std::time::{Duration, SystemTime};

/// From here on JWTs are refused now and then.
const MAX_SKEW: Duration = Duration::from_secs(30);

/// Where the tokenizer sends a browser, and the cookies that it sets on the way.
pub(super) struct Ensured {
    /// The URL of the auth plugin without what comes after its base path.
    pub(super) application: String,
    pub(super) headers: HeaderMap,
}

pub(super) async fn check(
    luna: &LunaDefend,
    app: Option<&BaseUrl>,
    report: &mut Report,
) -> Option<Ensured> {
    let url = luna.client().tokenizer_url();
    let before = SystemClock.now();
    let health = match get(&url.join("/health")).await {
        Ok(answer) => answer,
        Err(error) => {
            report.fail(
                "tokenizer",
                format!(
                    "no answer from {}: {}; is it running, and is TOKENIZER_URL right?",
                    url.as_str(),
                    why(&error)
                ),
            );
            return None;
        }
    };
    if health.status != StatusCode::OK {
        report.fail(
            "tokenizer",
            format!(
                "{} answers {} to /health: TOKENIZER_URL must be the URL of the tokenizer",
                url.as_str(),
                health.status.as_u16()
            ),
        );
        return None;
    }
    if url.is_https() || url.is_loopback() {
        report.ok("tokenizer", format!("answers at {}", url.as_str()));
    } else {
        report.warn(
            "tokenizer",
            format!("answers at {}, in cleartext: use https", url.as_str()),
        );
    }
    clock(&health, before, report);
    trust(luna, report).await;
    transfer(luna, app, report).await
}

/// Its `Date` has whole seconds.
fn clock(health: &Answer, before: SystemTime, report: &mut Report) {
    let after = SystemClock.now();
    let theirs = health
        .headers
        .get(header::DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let Some(theirs) = theirs else {
        return report.warn("clock", "the tokenizer does not say what time it has");
    };
    let (off, direction) = difference(before, after, theirs);
    if off <= Duration::from_secs(1) {
        report.ok("clock", "the tokenizer's clock agrees with ours");
        return;
    }
    let text = format!(
        "the tokenizer's clock is {} s {direction} ours: let NTP set both",
        off.as_secs()
    );
    if off < MAX_SKEW {
        report.warn("clock", text);
    } else {
        report.fail("clock", format!("{text}; a JWT is refused from 60 s on"));
    }
}

/// How far a clock that was read between two times must be off at least, and in which direction.
fn difference(
    before: SystemTime,
    after: SystemTime,
    theirs: SystemTime,
) -> (Duration, &'static str) {
    let ahead = theirs.duration_since(after).unwrap_or_default();
    let behind = before
        .duration_since(theirs + Duration::from_secs(1))
        .unwrap_or_default();
    if ahead > behind {
        (ahead, "ahead of")
    } else {
        (behind, "behind")
    }
}

/// Asks about a token that does not exist: only a JWT that is accepted gets a "no".
async fn trust(luna: &LunaDefend, report: &mut Report) {
    const SUBJECT: &str = "trust";
    let asked = async {
        let session = SessionId::new("lunadefend doctor")?;
        let token = UntrustedToken::parse("lunasec-00000000-0000-4000-8000-000000000000")?;
        luna.grants().verify(&session, token).await
    };
    let Err(error) = asked.await else {
        return report.fail(
            SUBJECT,
            "the tokenizer says yes to a token that it never made",
        );
    };
    match error.kind() {
        ErrorKind::InvalidGrant => report.ok(SUBJECT, "the tokenizer accepts our JWTs"),
        ErrorKind::TokenizerUnauthorized => report.fail(
            SUBJECT,
            "the tokenizer refuses our JWTs: its SESSION_JWKS_URL must be the key set of this application, or its SESSION_PUBLIC_KEY our public key, and its TOKENIZER_URL our PUBLIC_TOKENIZER_URL or TOKENIZER_URL",
        ),
        ErrorKind::TokenizerUnavailable => report.fail(
            SUBJECT,
            "the tokenizer cannot check our JWTs: it must be able to fetch its SESSION_JWKS_URL, which this application serves; is the application running?",
        ),
        ErrorKind::TokenizerNotFound => report.fail(
            SUBJECT,
            "there is no /grant/verify below TOKENIZER_URL: is there a path too much or too little in it?",
        ),
        _ => report.fail(SUBJECT, format!("the tokenizer cannot be asked: {error}")),
    }
}

async fn transfer(
    luna: &LunaDefend,
    app: Option<&BaseUrl>,
    report: &mut Report,
) -> Option<Ensured> {
    const SUBJECT: &str = "transfer";
    let public = luna.client().public_tokenizer_url();
    let answer = match get(&public.join("/session/ensure")).await {
        Ok(answer) => answer,
        Err(error) => {
            report.fail(
                SUBJECT,
                format!(
                    "no answer from {}: {}; browsers must reach the tokenizer there, or at PUBLIC_TOKENIZER_URL",
                    public.as_str(),
                    why(&error)
                ),
            );
            return None;
        }
    };
    let location = answer
        .headers
        .get(header::LOCATION)
        .and_then(|location| location.to_str().ok())
        .filter(|_| answer.status == StatusCode::FOUND);
    let Some(location) = location else {
        report.fail(
            SUBJECT,
            format!(
                "{} answers {} to /session/ensure, and sends nobody to the application: its AUTH_PROVIDERS must be the URL of this application",
                public.as_str(),
                answer.status.as_u16()
            ),
        );
        return None;
    };
    // Without the state, which is a secret.
    let plugin = location.split(['?', '#']).next().unwrap_or_default();
    let base = plugin.strip_suffix(AuthPlugin::SECURE_FRAME_PATH);
    let expected = app.map(|app| app.join(""));
    let Some(base) = base else {
        report.fail(
            SUBJECT,
            format!(
                "browsers are sent to {plugin}, which is no route of ours: the URL in the tokenizer's AUTH_PROVIDERS must end in the application's base path, or in {}",
                AuthPlugin::SECURE_FRAME_PATH
            ),
        );
        return None;
    };
    match expected {
        Some(expected) if expected.trim_end_matches('/') != base => {
            report.fail(
                SUBJECT,
                format!(
                    "browsers are sent to {base}, not to {}: set the tokenizer's AUTH_PROVIDERS to the URL of the application with its base path",
                    expected.trim_end_matches('/')
                ),
            );
            return None;
        }
        _ => report.ok(SUBJECT, format!("browsers are sent to {plugin}")),
    }
    Some(Ensured {
        application: base.to_owned(),
        headers: answer.headers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks() {
        let at = |seconds: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let (before, after) = (at(100), at(103));
        for (theirs, off, direction) in [
            (99, 0, "behind"),
            (101, 0, "behind"),
            (103, 0, "behind"),
            (109, 6, "ahead of"),
            (400, 297, "ahead of"),
            (60, 39, "behind"),
        ] {
            let expected = (Duration::from_secs(off), direction);
            assert_eq!(difference(before, after, at(theirs)), expected, "{theirs}");
        }
    }
}
