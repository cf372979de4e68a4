//! `/elements/*` and `/frame`: the browser half.

use crate::{
    assets::{Asset, Frame, Frames},
    config::Origin,
    error::ApiError,
    headers::{EMBEDDER_POLICY, PERMISSIONS_POLICY, RESOURCE_POLICY, SEC_FETCH_DEST, single},
    operation::{Content, Operation, Parameter, Place, bytes},
    query::Query,
    response,
    state::Shared,
};
use axum::{
    body::Body,
    extract::{FromRequestParts, Path, State},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts};
use std::{convert::Infallible, sync::Arc};

/// The name of the newest element module, whatever its contents: for trying out.
const CURRENT: &str = "v1.js";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "no-cache";

/// The parameters of `/frame` that LunaSec's React SDK sends, and nobody else: which element of the page it is, the
/// page's origin, and one of [`COMPONENTS`].
const REACT_SDK: [&str; 3] = ["n", "origin", "component"];
const COMPONENTS: [&str; 5] = ["Input", "TextArea", "Paragraph", "Uploader", "Downloader"];
/// The SDK sends at most 32 hexadecimal digits.
const LONGEST_NONCE: usize = 64;

/// Denies all that a document can be denied, except writing to the clipboard: `copy` of a value does that.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), \
    clipboard-write=(self), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), \
    gyroscope=(), hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
    xr-spatial-tracking=()";

/// The name of a file in the path of a request. One that is no UTF-8 is empty, and no file has it.
pub(super) struct Name(String);

impl FromRequestParts<Arc<Shared>> for Name {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Infallible> {
        let name = Path::from_request_parts(parts, shared).await;
        Ok(Self(name.map_or_else(|_| String::new(), |Path(name)| name)))
    }
}

/// Describes an operation that returns a file, or says that the browser has it.
fn file_of(media_type: &'static str, summary: &'static str) -> Operation {
    bytes(media_type, summary)
        .answer(
            StatusCode::NOT_MODIFIED,
            "The browser has the file.",
            Content::Empty,
        )
        .sends(header::ETAG, "The hash of the contents.")
        .sends(header::CACHE_CONTROL, "For how long it may be kept.")
        .parameter(Parameter {
            place: Place::Header(header::IF_NONE_MATCH),
            required: false,
            description: "The `etag` of a file that the browser has.",
            pattern: None,
        })
}

/// Describes [`elements`].
pub(super) fn about_elements() -> Operation {
    file_of(
        "text/javascript",
        "Returns the element module of that hash, or with `v1.js` the newest.",
    )
    .path("name", "^([0-9a-f]+|v1)\\.js$", "Its name.")
    .refuses(StatusCode::NOT_FOUND, "There is no such module.")
}

/// Describes [`frame_file`].
pub(super) fn about_frame_file() -> Operation {
    file_of("*/*", "Returns the script or the style of the frame.")
        .path("name", "^[0-9a-f]+\\.(js|css)$", "Its name.")
        .refuses(
            StatusCode::NOT_FOUND,
            "There is no such file, or no frame (`APPLICATION_FRONT_END`).",
        )
}

/// Describes [`frame`].
pub(super) fn about_frame() -> Operation {
    file_of(
        "text/html",
        "Returns the document inside an element, or with parameters that of LunaSec's React SDK.",
    )
    .may_send(PERMISSIONS_POLICY, "Denies what a document can be denied.")
    .may_send(EMBEDDER_POLICY, "`require-corp`.")
    .may_send(RESOURCE_POLICY, "`cross-origin`.")
    .may_send(
        header::CONTENT_SECURITY_POLICY,
        "With the origins of the pages that may have it inside theirs.",
    )
    .refusals_too()
    .may_send(header::LINK, "Its script and its style.")
    .parameter(Parameter {
        place: Place::Header(SEC_FETCH_DEST),
        required: false,
        description: "Where a browser shows it.",
        pattern: Some("^iframe$"),
    })
    .query("n", "Which element of the page, for the React SDK alone.")
    .query("origin", "The origin of the page, for the React SDK alone.")
    .query("component", "The kind of element, for the React SDK alone.")
    .refuses(
        StatusCode::FORBIDDEN,
        "Outside of a page of the application, or for the React SDK and not allowed.",
    )
    .refuses(
        StatusCode::BAD_REQUEST,
        "Parameters that are not those of the React SDK.",
    )
    .refuses(
        StatusCode::NOT_FOUND,
        "There is no frame (`APPLICATION_FRONT_END`).",
    )
}

/// `GET /elements/<hash>.js` and `/elements/v1.js`: returns the element module to pages of every origin.
pub(super) async fn elements(
    State(shared): State<Arc<Shared>>,
    name: Name,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let elements = &shared.assets.elements;
    if name.0 == CURRENT {
        return Ok(file(elements.newest(), REVALIDATE, &headers));
    }
    let module = elements.named(&name.0).ok_or_else(|| {
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
    let frames = configured(&shared)?;
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
        react_sdk(&query, frames, &shared.config.application_origins)
    } else {
        Ok(&frames.elements)
    };
    let (mut response, policy) = match frame {
        Ok(frame) => {
            let mut response = file(&frame.page, REVALIDATE, &headers);
            set(&mut response, [(PERMISSIONS_POLICY, PERMISSIONS)]);
            let preload = frame.preload.clone();
            response.headers_mut().insert(header::LINK, preload);
            (response, &frame.policy)
        }
        // A browser shows it in the frame, and not that a policy forbids to.
        Err(refusal) => (refusal.into_response(), &frames.refusal_policy),
    };
    set(
        &mut response,
        [
            (RESOURCE_POLICY, "cross-origin"),
            (EMBEDDER_POLICY, "require-corp"),
        ],
    );
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    Ok(response)
}

/// Returns the frame for LunaSec's React SDK, whose script reads the same parameters.
fn react_sdk<'f>(
    query: &Query<'_>,
    frames: &'f Frames,
    origins: &[Origin],
) -> Result<&'f Frame, ApiError> {
    let frame = frames.react_sdk.as_ref().ok_or_else(|| {
        ApiError::forbidden(
            "LunaSec's React SDK is not allowed here: set LUNADEFEND_REACT_SDK=true on the tokenizer",
        )
    })?;
    let [nonce, origin, component] = REACT_SDK.map(|name| query.get(name).unwrap_or_default());
    if !origins.iter().any(|allowed| allowed.as_str() == origin) {
        return Err(ApiError::bad_request(
            "the parameter origin is none of APPLICATION_FRONT_END",
        ));
    }
    let is_hex = nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
    if nonce.is_empty()
        || nonce.len() > LONGEST_NONCE
        || !is_hex
        || !COMPONENTS.contains(&component)
    {
        return Err(ApiError::bad_request(
            "the parameters n and component are not those of LunaSec's React SDK 1.0.7",
        ));
    }
    Ok(frame)
}

/// `GET /frame/<hash>`: returns its script or its style.
pub(super) async fn frame_file(
    State(shared): State<Arc<Shared>>,
    name: Name,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    configured(&shared)?
        .file(&name.0)
        .map(|asset| file(asset, IMMUTABLE, &headers))
        .ok_or_else(|| ApiError::not_found("there is no such file of the frame"))
}

fn configured(shared: &Shared) -> Result<&Frames, ApiError> {
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
