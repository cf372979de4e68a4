//! Checks the tokenizer: it responds, agrees about the time, trusts our key, and knows our application.

use super::{between, clock, environment, get, report::Report, why};
use http::{HeaderMap, StatusCode, header};
use lunadefend::{Error, ErrorKind, LunaDefend};
use lunadefend_core::{adapter::AuthPlugin, provider::Clock, wire::TOKENIZER_PROVIDERS};
use lunadefend_http::{BaseUrl, HttpError};
use lunadefend_jwt::SystemClock;

/// The URL to which the tokenizer sends a browser, and the cookies that it sets on the way.
pub(super) struct Ensured {
    /// The URL of the auth plugin, up to its base path.
    pub(super) application: String,
    pub(super) headers: HeaderMap,
}

pub(super) async fn check(
    luna: &LunaDefend,
    app: Option<&BaseUrl>,
    report: &mut Report,
) -> Option<Ensured> {
    const SUBJECT: &str = "tokenizer";
    let url = luna.client().tokenizer_url();
    let before = SystemClock.now();
    let health = match get(&url.join("/health")).await {
        Ok(answer) => answer,
        Err(error) => {
            report.fail(SUBJECT, no_answer(url, &error));
            return None;
        }
    };
    if let Some(problem) = between::health(url.as_str(), &health) {
        report.fail(SUBJECT, problem);
        return None;
    }
    if url.is_https() || url.is_loopback() {
        report.ok(SUBJECT, format!("answers at {}", url.as_str()));
    } else {
        report.warn(
            SUBJECT,
            format!("answers at {}, in cleartext: use https", url.as_str()),
        );
    }
    if let Some(proxies) = environment::egress_proxies() {
        report.ok("egress proxy", proxies);
    }
    clock::check(&health.headers, before, report);
    if let Some(text) = several_providers(&health.headers) {
        report.warn("trust domain", text);
    }
    trust(luna, report).await;
    transfer(luna, app, report).await
}

fn no_answer(url: &BaseUrl, error: &HttpError) -> String {
    let at = url.as_str();
    if let Some(text) = between::unread(at, error) {
        return text;
    }
    let ask = match error {
        HttpError::Tls { .. } => "",
        _ => "; is it running, and is TOKENIZER_URL right?",
    };
    let proxies = environment::egress_proxies()
        .map(|proxies| format!(" ({proxies})"))
        .unwrap_or_default();
    format!("no answer from {at}: {}{ask}{proxies}", why(error))
}

/// Returns a sentence when the tokenizer has several auth providers.
fn several_providers(headers: &HeaderMap) -> Option<String> {
    let count: usize = headers
        .get(TOKENIZER_PROVIDERS)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    (count > 1).then(|| {
        format!(
            "the tokenizer's AUTH_PROVIDERS has {count} auth providers: their applications must trust each other; an application that others must not trust needs a tokenizer of its own"
        )
    })
}

/// Requests the grant of a token that does not exist: only an accepted JWT gets a "no".
async fn trust(luna: &LunaDefend, report: &mut Report) {
    const SUBJECT: &str = "trust";
    let Err(error) = luna.check().await.tokenizer else {
        return report.ok(SUBJECT, "the tokenizer accepts our JWTs");
    };
    match error.kind() {
        // It says more than its kind does: who is to blame.
        kind if error.to_string() != Error::new(kind).to_string() => {
            report.fail(SUBJECT, error.to_string());
        }
        ErrorKind::TokenizerUnauthorized => report.fail(
            SUBJECT,
            "the tokenizer refuses our JWTs: its SESSION_JWKS_URL must be the key set of this application, or its SESSION_PUBLIC_KEY our public key; or something in between takes the header Authorization away",
        ),
        ErrorKind::TokenizerUnavailable => report.fail(
            SUBJECT,
            "the tokenizer cannot check our JWTs: it must be able to fetch its SESSION_JWKS_URL, which this application serves; is the application running?",
        ),
        ErrorKind::TokenizerNotFound => report.fail(
            SUBJECT,
            "there is no /grant/verify below TOKENIZER_URL: is there a path too much or too little in it, or in the proxy's rule for it?",
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
        let problem = between::other(public.as_str(), &answer).unwrap_or_else(|| {
            format!(
                "{} answers {} to /session/ensure, and sends nobody to the application: its AUTH_PROVIDERS must be the URL of this application",
                public.as_str(),
                answer.status.as_u16()
            )
        });
        report.fail(SUBJECT, problem);
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
