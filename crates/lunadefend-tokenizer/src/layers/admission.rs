//! The audience of a route: checked before its handler sees the request.

use crate::{
    auth, context::RequestContext, error::ApiError, origin, route::Audience, state::Shared,
};
use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use std::sync::Arc;

/// Admits only the audience of a route, before any of the body is read.
pub(crate) async fn admit(
    State((shared, audience)): State<(Arc<Shared>, Audience)>,
    Extension(context): Extension<RequestContext>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let headers = request.headers();
    match audience {
        Audience::Application => auth::require_application(headers, &shared).await?,
        Audience::Destroyer => {
            let jwt = auth::require_destroyer(headers, &shared).await?;
            request.extensions_mut().insert(jwt);
        }
        Audience::FrameOrJwt => {
            let caller = auth::authenticate(headers, &context, &shared).await?;
            request.extensions_mut().insert(caller);
        }
        Audience::Frame => origin::require_frame(headers, &shared.config.public_origin)?,
        Audience::Transfer => origin::require_transfer(headers)?,
        // What they may do is for the handler, the URL, the socket or the address to say.
        Audience::Page
        | Audience::SignedUrl
        | Audience::Anyone
        | Audience::Operator
        | Audience::Scraper => {}
    }
    Ok(next.run(request).await)
}
