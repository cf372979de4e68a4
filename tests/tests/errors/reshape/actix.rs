use actix_web::{
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};
use lunadefend_actix::Error;

/// `App::new().wrap(actix_web::middleware::from_fn(reshape))`.
pub(crate) async fn reshape(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let error = response.response().extensions().get::<Error>().cloned();
    Ok(match error {
        Some(error) => response.map_body(|_, _| {
            let body = serde_json::json!({ "code": error.name(), "detail": error.message() });
            body.to_string().boxed()
        }),
        None => response,
    })
}
