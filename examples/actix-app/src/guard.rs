//! Around every route: foreign pages change nothing, browsers get pages for errors, and pages have their policy.

use crate::{
    browser::{Instead, POLICY, is_foreign, wants_page},
    error::AppError,
    failure::Failure,
};
use actix_web::{
    Error, HttpResponse, Responder, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::{Data, Html},
};
use lunadefend_actix::Luna;

pub(crate) async fn guard(
    luna: Data<Luna>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let method = request.method().clone();
    let page = wants_page(text(request.headers(), header::ACCEPT.as_str()));
    let changes = method != Method::GET && method != Method::HEAD;
    let mut response = if changes && is_foreign(|name| text(request.headers(), name)) {
        let refusal = Failure::from(AppError::ForeignPage).error_response();
        request.into_response(refusal)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let status = response.status();
    if page && (status.is_client_error() || status.is_server_error()) {
        let script_tag = luna.elements().script_tag();
        let instead = match Instead::of(method.as_str(), status.as_u16(), script_tag) {
            Instead::LogIn => HttpResponse::SeeOther()
                .insert_header((header::LOCATION, "/login"))
                .finish(),
            Instead::Page(Ok(page)) => Html::new(page)
                .customize()
                .with_status(status)
                .respond_to(response.request())
                .map_into_boxed_body(),
            Instead::Page(Err(error)) => Failure::from(error).error_response(),
        };
        response = response.into_response(instead);
    }
    protect(response.headers_mut(), &luna);
    Ok(response)
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
    if !headers.contains_key(header::CACHE_CONTROL) {
        let no_store = HeaderValue::from_static("no-store");
        headers.insert(header::CACHE_CONTROL, no_store);
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
