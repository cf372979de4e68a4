//! GraphQL requests and answers for warp 0.4; async-graphql's own filters are for warp 0.3. To be copied.

use async_graphql::{
    BatchRequest, BatchResponse,
    http::{MultipartOptions, receive_batch_body},
};
use lunadefend_core::ErrorKind;
use lunadefend_warp::Error;
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderValue, header},
    reply::{Json, Response},
};

/// Reads the body of a POST: one request or a batch of them, as JSON or as a multipart form. What cannot be
/// read, and a body without a length or longer than `limit` bytes, are errors that repeat nothing of it.
pub(crate) fn graphql(
    limit: u64,
) -> impl Filter<Extract = (Result<BatchRequest, Error>,), Error = Rejection> + Clone {
    let content_type = warp::header::optional::<String>("content-type");
    let read = |content_type: Option<String>, body: warp::hyper::body::Bytes| async move {
        let options = MultipartOptions::default();
        let request = receive_batch_body(content_type, &*body, options).await;
        request.map_err(|_| ErrorKind::BadRequest.into())
    };
    warp::post()
        .and(warp::body::content_length_limit(limit))
        .and(content_type)
        .and(warp::body::bytes())
        .then(read)
}

/// An answer, with the headers that the operation asks for.
pub(crate) fn reply(answer: &BatchResponse) -> Response {
    let json: Json = warp::reply::json(answer);
    let mut response = json.into_response();
    if let Some(caching) = answer
        .is_ok()
        .then(|| answer.cache_control().value())
        .flatten()
        && let Ok(value) = HeaderValue::from_str(&caching)
    {
        response.headers_mut().insert(header::CACHE_CONTROL, value);
    }
    response.headers_mut().extend(answer.http_headers());
    response
}
