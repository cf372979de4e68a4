//! The audience of a route: checked before its handler sees the request.

use crate::{
    auth, context::RequestContext, error::ApiError, origin, route::Audience, state::Shared, trace,
    trail::Trail,
};
use axum::{
    Extension,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::HeaderMap;
use lunadefend_audit::Who;
use std::sync::Arc;

/// Admits only the audience of a route, before any of the body is read.
pub(crate) async fn admit(
    State((shared, audience)): State<(Arc<Shared>, Audience)>,
    Extension(context): Extension<RequestContext>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let trail = request.extensions().get::<Trail>().cloned();
    let trail = trail.unwrap_or_default();
    let headers = request.headers();
    match audience {
        Audience::Application => {
            auth::require_application(headers, &shared).await?;
            by_jwt(&context, headers);
            trail.by(Who::Application, None);
        }
        Audience::Destroyer => {
            let jwt = auth::require_destroyer(headers, &shared).await?;
            by_jwt(&context, headers);
            trail.by(Who::Application, None);
            request.extensions_mut().insert(jwt);
        }
        Audience::FrameOrJwt => {
            let caller = auth::authenticate(headers, &context, &shared).await?;
            if !caller.is_by_cookie() {
                by_jwt(&context, headers);
            }
            trail.by(caller.who(), caller.session());
            // The application limits its users itself.
            if caller.is_by_cookie()
                && let Some(session) = caller.session()
            {
                shared.rates.session_request(session)?;
            }
            request.extensions_mut().insert(caller);
        }
        Audience::Frame => origin::require_frame(headers, &shared.config.public_origin)?,
        Audience::Transfer => origin::require_transfer(headers)?,
        // The socket admits nobody else.
        Audience::Operator => trail.by(Who::Operator, None),
        // What they may do is for the handler, the URL or the address to say.
        Audience::Page | Audience::SignedUrl | Audience::Anyone | Audience::Scraper => {}
    }
    Ok(next.run(request).await)
}

/// Notes that a caller has a JWT of the application: the request is in their trace, and its refusal is not counted.
fn by_jwt(context: &RequestContext, headers: &HeaderMap) {
    context.set_by_jwt();
    trace::join(headers);
}
