//! Around every route: foreign pages change nothing, browsers get pages for errors, and pages have their policy.

use crate::{
    browser::{Instead, POLICY, is_foreign, wants_page},
    failure::{Failure, recover},
};
use lunadefend_warp::Luna;
use std::convert::Infallible;
use warp::{
    Filter, Rejection, Reply,
    http::{
        HeaderMap, HeaderName, Method, StatusCode,
        header::{self, HeaderValue},
    },
    redirect,
    reject::{self, Reject},
    reply::{self, Response},
};

/// Why a request did not reach its route: the page that made the browser send it is not ours.
#[derive(Debug)]
pub(crate) struct ForeignPage;

impl Reject for ForeignPage {}

/// Puts all of this around the routes of the application.
pub(crate) fn guard<R: Reply>(
    luna: Luna,
    routes: impl Filter<Extract = (R,), Error = Infallible> + Clone + Send + Sync + 'static,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    let guarded = request()
        .and_then(async |method: Method, headers: HeaderMap| {
            let changes = method != Method::GET && method != Method::HEAD;
            match changes && is_foreign(|name| text(&headers, name)) {
                true => Err(reject::custom(ForeignPage)),
                false => Ok::<_, Rejection>(()),
            }
        })
        .untuple_one()
        .and(routes)
        .recover(recover);
    request()
        .and(guarded)
        .map(move |method: Method, headers: HeaderMap, reply| {
            finish(&luna, &method, &headers, reply)
        })
}

fn request() -> impl Filter<Extract = (Method, HeaderMap), Error = Infallible> + Copy {
    warp::method().and(warp::header::headers_cloned())
}

fn finish(luna: &Luna, method: &Method, headers: &HeaderMap, reply: impl Reply) -> Response {
    let mut response = reply.into_response();
    let page = wants_page(text(headers, header::ACCEPT.as_str()));
    let status = response.status();
    if page && (status.is_client_error() || status.is_server_error()) {
        response = instead(luna, method, status);
    }
    protect(response.headers_mut(), luna);
    response
}

fn instead(luna: &Luna, method: &Method, status: StatusCode) -> Response {
    let script_tag = luna.elements().script_tag();
    match Instead::of(method.as_str(), status.as_u16(), script_tag) {
        Instead::LogIn => {
            let log_in = warp::http::Uri::from_static("/login");
            redirect::see_other(log_in).into_response()
        }
        Instead::Page(Ok(page)) => reply::with_status(reply::html(page), status).into_response(),
        Instead::Page(Err(error)) => Failure::from(error).into_response(),
    }
}

fn protect(headers: &mut HeaderMap, luna: &Luna) {
    let (script, tokenizer) = (
        luna.elements().script_url(),
        luna.elements().tokenizer_origin(),
    );
    let policy = format!(
        "{POLICY}; script-src 'self' {script}; frame-src {tokenizer}; connect-src 'self' {tokenizer}"
    );
    // The address of a tokenizer has only characters that a header can have.
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    // Pages contain tokens. LunaDefend's responses say the same already, the assets something else.
    let no_store = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(no_store);
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = HeaderName::try_from(name).ok()?;
    headers.get(name)?.to_str().ok()
}
