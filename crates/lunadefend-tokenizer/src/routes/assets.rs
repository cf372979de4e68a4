//! `/elements/*` and `/frame`: the browser half.

use crate::{
    assets::{Asset, Frame},
    error::ApiError,
    headers::{EMBEDDER_POLICY, PERMISSIONS_POLICY, RESOURCE_POLICY, SEC_FETCH_DEST, single},
    query::Query,
    response,
    state::Shared,
};
use axum::{
    body::Body,
    extract::{Path, State},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use std::{iter, sync::Arc};

/// The name of the newest element module, whatever its contents: for trying out.
const CURRENT: &str = "v1.js";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "no-cache";

/// The parameters of `/frame` that LunaSec's React SDK sends, and nobody else.
const REACT_SDK: [&str; 3] = ["n", "origin", "component"];
/// What `component` may be.
const COMPONENTS: [&str; 5] = ["Paragraph", "Downloader", "Uploader", "TextArea", "Input"];
/// The most digits of `n`, which names an element within its page.
const LONGEST_NONCE: usize = 64;

/// Denies all that a document can be denied, except writing to the clipboard: `copy` of a value does that.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), \
    clipboard-write=(self), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), \
    gyroscope=(), hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
    xr-spatial-tracking=()";

/// `GET /elements/<hash>.js` and `/elements/v1.js`: returns the element module to pages of every origin.
pub(super) async fn elements(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let elements = &shared.assets.elements;
    if name == CURRENT {
        return Ok(file(elements.newest(), REVALIDATE, &headers));
    }
    let module = elements.named(&name).ok_or_else(|| {
        ApiError::not_found(
            "there is no such element module: the application and the tokenizer are of different versions",
        )
    })?;
    Ok(file(module, IMMUTABLE, &headers))
}

/// `GET /frame`: returns the document inside an element.
///
/// # Security
/// As a page of its own it would be a form on the tokenizer's domain, good for a phisher. A browser that does not
/// send `Sec-Fetch-Dest` is stopped by the page's own script.
pub(super) async fn frame(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let own = configured(&shared)?;
    if headers.contains_key(SEC_FETCH_DEST)
        && single(&headers, &SEC_FETCH_DEST).is_none_or(|dest| dest != "iframe")
    {
        return Err(ApiError::forbidden(
            "this page works only inside a page of the application that it belongs to",
        ));
    }
    let query = Query::parse(uri.query())?;
    let is_of_react_sdk = REACT_SDK.iter().any(|name| query.get(name).is_some());
    let frame = if is_of_react_sdk {
        react(&shared, &query)?
    } else {
        own
    };
    let mut response = file(&frame.page, REVALIDATE, &headers);
    set(
        &mut response,
        [
            (PERMISSIONS_POLICY, PERMISSIONS),
            (RESOURCE_POLICY, "cross-origin"),
            (EMBEDDER_POLICY, "require-corp"),
        ],
    );
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_SECURITY_POLICY, frame.policy.clone());
    answer.insert(header::LINK, frame.preload.clone());
    Ok(response)
}

/// `GET /frame/<hash>`: returns its script or its style, and those for the React SDK.
pub(super) async fn frame_file(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let frame = configured(&shared)?;
    iter::once(frame)
        .chain(&shared.assets.react)
        .flat_map(|frame| [&frame.script, &frame.style])
        .find(|asset| asset.name == name)
        .map(|asset| file(asset, IMMUTABLE, &headers))
        .ok_or_else(|| ApiError::not_found("there is no such file of the frame"))
}

/// Finds the document for an element of `LunaSec`'s React SDK, when the parameters are as that sends them.
fn react<'s>(shared: &'s Shared, query: &Query<'_>) -> Result<&'s Frame, ApiError> {
    let frame = shared.assets.react.as_ref().ok_or_else(|| {
        ApiError::forbidden(
            "LunaSec's React SDK is not allowed here: set LUNADEFEND_REACT_SDK=true on the tokenizer",
        )
    })?;
    let parameter = |name| query.get(name).unwrap_or_default();
    let nonce = parameter("n");
    if !(1..=LONGEST_NONCE).contains(&nonce.len())
        || !nonce.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return Err(ApiError::bad_request(
            "n must be 1 to 64 hexadecimal digits",
        ));
    }
    if !COMPONENTS.contains(&parameter("component")) {
        return Err(ApiError::bad_request(
            "component must be Paragraph, Downloader, Uploader, TextArea or Input",
        ));
    }
    let origins = &shared.config.application_origins;
    if !origins
        .iter()
        .any(|origin| origin.as_str() == parameter("origin"))
    {
        return Err(ApiError::bad_request(
            "origin must be one of the application's origins: set APPLICATION_FRONT_END",
        ));
    }
    Ok(frame)
}

fn configured(shared: &Shared) -> Result<&Frame, ApiError> {
    shared.assets.frame.as_ref().ok_or_else(|| {
        ApiError::not_found(
            "there is no frame: set APPLICATION_FRONT_END to the application's origins",
        )
    })
}

/// Returns a file, or 304 when the browser has it already (RFC 9110 section 13.1.2).
fn file(asset: &Asset, caching: &'static str, request: &HeaderMap) -> Response {
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || asset.etag == tag);
    let mut response = if known {
        response::empty(StatusCode::NOT_MODIFIED)
    } else {
        Response::new(Body::from(asset.contents.clone()))
    };
    set(&mut response, [(header::CACHE_CONTROL, caching)]);
    let headers = response.headers_mut();
    headers.insert(header::ETAG, asset.etag.clone());
    headers.insert(header::CONTENT_TYPE, asset.content_type.clone());
    response
}

fn set<const N: usize>(response: &mut Response, headers: [(HeaderName, &'static str); N]) {
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
}
