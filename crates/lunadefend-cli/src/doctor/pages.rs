//! Checks what the application's pages need of the tokenizer: the frame, and the element module of this version.

use super::{between, get, get_with, report::Report, tokenizer::Ensured, why};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use lunadefend::LunaDefend;
use lunadefend_http::{HttpError, Response};
use url::Url;

const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

pub(super) async fn check(luna: &LunaDefend, ensured: &Ensured, report: &mut Report) {
    frame(luna, ensured, report).await;
    elements(luna, report).await;
}

/// Asks for `/frame` as an `iframe` does.
async fn frame(luna: &LunaDefend, ensured: &Ensured, report: &mut Report) {
    const SUBJECT: &str = "frame";
    let url = luna.client().public_tokenizer_url().join("/frame");
    let headers = HeaderMap::from_iter([(FETCH_DEST, HeaderValue::from_static("iframe"))]);
    let answer = match answered(&url, get_with(&url, headers).await) {
        Ok(answer) => answer,
        Err(problem) => return report.fail(SUBJECT, problem),
    };
    if answer.status == StatusCode::NOT_FOUND {
        return report.warn(
            SUBJECT,
            format!(
                "there is none at {url}, so no page can have secure fields: set the tokenizer's APPLICATION_FRONT_END to the origins of the application's pages"
            ),
        );
    }
    let policy = answer.headers.get(header::CONTENT_SECURITY_POLICY);
    let ancestors = policy
        .filter(|_| answer.status == StatusCode::OK)
        .and_then(|policy| ancestors(policy.to_str().ok()?));
    let Some(ancestors) = ancestors else {
        let problem = between::other(&url, &answer).unwrap_or_else(|| {
            format!(
                "{url} answers {} without the tokenizer's Content-Security-Policy: what is in front of the tokenizer must leave its responses as they are",
                answer.status.as_u16()
            )
        });
        return report.fail(SUBJECT, problem);
    };
    let listed = ancestors.join(" and ");
    let application = Url::parse(&ensured.application)
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default();
    if ancestors.contains(&&*application) {
        report.ok(
            SUBJECT,
            format!("pages of {listed} can have secure fields, and no others"),
        );
    } else {
        report.warn(
            SUBJECT,
            format!(
                "pages of {listed} can have secure fields, those of {application} cannot: if they should, add that origin to the tokenizer's APPLICATION_FRONT_END"
            ),
        );
    }
}

/// Returns the sources of `frame-ancestors` in a policy.
fn ancestors(policy: &str) -> Option<Vec<&str>> {
    let sources = policy
        .split(';')
        .find_map(|directive| directive.trim().strip_prefix("frame-ancestors "))?;
    let sources: Vec<_> = sources.split_ascii_whitespace().collect();
    (!sources.is_empty() && sources != ["'none'"]).then_some(sources)
}

/// Asks for the element module that an application of this version names in its pages.
async fn elements(luna: &LunaDefend, report: &mut Report) {
    const SUBJECT: &str = "elements";
    let module = lunadefend_elements::element_module();
    let public = luna.client().public_tokenizer_url();
    let url = public.join(&format!("/elements/{}", module.name()));
    let answer = match answered(&url, get(&url).await) {
        Ok(answer) => answer,
        Err(problem) => return report.fail(SUBJECT, problem),
    };
    match answer.status {
        StatusCode::OK if answer.body == module.contents() => {
            report.ok(SUBJECT, "the tokenizer has the element module of this version");
        }
        StatusCode::OK => report.fail(
            SUBJECT,
            format!(
                "{url} is not what its name says, so browsers refuse it: something in front of the tokenizer changes scripts"
            ),
        ),
        StatusCode::NOT_FOUND => report.warn(
            SUBJECT,
            format!(
                "the tokenizer does not have {}, the element module of this version: they are different versions; update the tokenizer before the application",
                module.name()
            ),
        ),
        status => {
            let problem = between::other(&url, &answer)
                .unwrap_or_else(|| format!("{url} answers {}", status.as_u16()));
            report.fail(SUBJECT, problem);
        }
    }
}

fn answered(url: &str, outcome: Result<Response, HttpError>) -> Result<Response, String> {
    outcome.map_err(|error| {
        between::unread(url, &error)
            .unwrap_or_else(|| format!("no answer from {url}: {}", why(&error)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_are_those_of_the_directive() {
        let of = |policy| ancestors(policy).map(|sources| sources.join(","));
        let policy = "default-src 'none'; frame-ancestors https://a.example https://b.example; x y";
        assert_eq!(of(policy).unwrap(), "https://a.example,https://b.example");
        for none in [
            "",
            "default-src https://a.example",
            "frame-ancestors 'none'",
            "default-src 'none'; frame-ancestors ",
            "x-frame-ancestors https://a.example",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
