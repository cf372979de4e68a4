//! The rate of refusals of an address.

use crate::{ClientAddr, context::RequestContext, error::ApiError, state::Shared};
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

/// Counts a refusal for the address of its client. Those over the rate become 429, which does not say why.
///
/// That a browser has no session here (401 without `authorization`) is not counted: it is a step of each transfer. Many users
/// may come from one address, and after a restore all of them have that step before them.
///
/// # Security
/// It changes refusals only, whoever shares the address: nobody is kept out by what a neighbour does. It cannot save the
/// work of a request, for which connections are limited, but nobody learns more than so much in a time by trying. The
/// application, by its JWT, is not counted.
pub(crate) async fn count<F: Future<Output = Response>>(
    shared: &Shared,
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let context = RequestContext::of(&request);
    let client = request.extensions().get::<ClientAddr>().copied();
    let has_jwt = request.headers().contains_key(header::AUTHORIZATION);
    let refused = next(request).await;
    let is_refused = refused.status().is_client_error()
        && refused.status() != StatusCode::TOO_MANY_REQUESTS
        && (has_jwt || refused.status() != StatusCode::UNAUTHORIZED)
        && !context.is_by_jwt();
    let Some(client) = client.filter(|_| is_refused) else {
        return refused;
    };
    match shared.rates.refusal(client.group()) {
        Ok(()) => refused,
        Err(over) => instead(refused, over.into()),
    }
}

/// Returns a response in the place of another, which keeps the headers that are not about its body or its status.
fn instead(refused: Response, limited: ApiError) -> Response {
    let mut limited = limited.into_response();
    let of_refusal = [
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::SET_COOKIE,
        header::WWW_AUTHENTICATE,
    ];
    let (refused, _) = refused.into_parts();
    for (name, value) in &refused.headers {
        if !of_refusal.contains(name) {
            limited.headers_mut().insert(name, value.clone());
        }
    }
    limited
}
