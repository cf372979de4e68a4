//! Around every route: foreign pages change nothing, browsers get pages for errors, and pages have their policy.

use crate::{
    browser::{Instead, POLICY, is_foreign, wants_page},
    error::AppError,
    failure::Failure,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use lunadefend_axum::Luna;

pub(crate) async fn guard(State(luna): State<Luna>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let page = wants_page(text(request.headers(), header::ACCEPT.as_str()));
    let changes = method != Method::GET && method != Method::HEAD;
    let mut response = if changes && is_foreign(|name| text(request.headers(), name)) {
        Failure::from(AppError::ForeignPage).into_response()
    } else {
        next.run(request).await
    };
    let status = response.status();
    if page && (status.is_client_error() || status.is_server_error()) {
        let script_tag = luna.elements().script_tag();
        match Instead::of(method.as_str(), status.as_u16(), script_tag) {
            Instead::LogIn => response = Redirect::to("/login").into_response(),
            Instead::Page(page) => {
                let page = page.map(|page| (status, Html(page)));
                response = page.map_err(Failure::from).into_response();
            }
        }
    }
    protect(response.headers_mut(), &luna);
    response
}

fn protect(headers: &mut HeaderMap, luna: &Luna) {
    let elements = luna.elements().content_security_policy();
    // The address of a tokenizer has only characters that a header can have.
    if let Ok(policy) = HeaderValue::try_from(format!("{POLICY}; {elements}")) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    // Pages contain tokens. Those of LunaDefend's routes and responses say the same already.
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = HeaderName::try_from(name).ok()?;
    headers.get(name)?.to_str().ok()
}
