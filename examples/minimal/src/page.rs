//! A page with a secure field, on axum.

use axum::{
    extract::State,
    http::header::CONTENT_SECURITY_POLICY,
    response::{Html, IntoResponse},
};
use lunadefend_axum::{Error, Luna, Session};

/// `GET /`: a form that posts the token to `/ssn`.
pub async fn form(
    State(luna): State<Luna>,
    Session(session): Session,
) -> Result<impl IntoResponse, Error> {
    let (elements, page_session) = (luna.elements(), luna.page_session(&session)?);
    let page = format!(
        r#"<!doctype html>
<title>Your number</title>
{tag}
<form method="post" action="/ssn">
  <label for="ssn">Social security number</label>
  <luna-input id="ssn" name="ssn" kind="ssn" session="{page_session}" required></luna-input>
  <button>Save</button>
</form>"#,
        tag = elements.script_tag(),
    );
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'self'; {}",
        elements.content_security_policy(),
    );
    Ok(([(CONTENT_SECURITY_POLICY, policy)], Html(page)))
}
