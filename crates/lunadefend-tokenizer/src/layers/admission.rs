//! The audience of a route: checked before its handler sees the request.

use crate::{
    auth, context::RequestContext, error::ApiError, origin, route::Audience, state::Shared, trace,
    trail::Trail,
};
use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::HeaderMap;
use lunadefend_audit::Who;

/// Admits only the audience of a route, before any of the body is read.
pub(crate) async fn admit<F: Future<Output = Response>>(
    shared: &Shared,
    audience: Audience,
    mut request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    match judge(shared, audience, &mut request).await {
        Ok(()) => next(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn judge(shared: &Shared, audience: Audience, request: &mut Request) -> Result<(), ApiError> {
    let context = RequestContext::of(request);
    let trail = request.extensions().get::<Trail>().cloned();
    let trail = trail.unwrap_or_default();
    let headers = request.headers();
    match audience {
        Audience::Application => {
            auth::require_application(headers, shared).await?;
            by_jwt(&context, headers);
            trail.by(Who::Application, None);
        }
        Audience::Destroyer => {
            let jwt = auth::require_destroyer(headers, shared).await?;
            by_jwt(&context, headers);
            trail.by(Who::Application, None);
            request.extensions_mut().insert(jwt);
        }
        Audience::FrameOrJwt => {
            let caller = auth::authenticate(headers, &context, shared).await?;
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
    Ok(())
}

/// Notes that a caller has a JWT of the application: the request is in their trace, and its refusal is not counted.
fn by_jwt(context: &RequestContext, headers: &HeaderMap) {
    context.set_by_jwt();
    trace::join(headers);
}
