//! What operations share.

use super::{headers, responses, schemas::Schemas};
use lunadefend_core::wire::Failure;
use serde_json::{Value, json};

pub(super) fn of(mut schemas: Schemas) -> Value {
    schemas.responses.subschema_for::<Failure>();
    json!({
        "schemas": schemas.finish().0,
        "responses": responses::components(),
        "headers": headers::components(),
        "securitySchemes": {
            "jwt": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A JWT that the application has signed (RS256): with `sub` `application`, or for a user \
                    with `sub` `user` and `session_id`. The scheme may be missing, as with LunaSec.",
            },
            "requestJwt": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A JWT of the `typ` `lunadefend-destroy+jwt` for this one request: its claims name the \
                    `route` and the SHA-256 of the body (`body_sha256`, base64url), and its `jti` is good once.",
            },
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "__Host-access_token",
                "description": "The session of the tokenizer. With several auth providers the name ends in `-` and the \
                    name of the provider; without TLS on this machine it does not begin with `__Host-`.",
            },
        },
    })
}
