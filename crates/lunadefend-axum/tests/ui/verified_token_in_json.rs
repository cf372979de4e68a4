//! A stored token as an answer: it would go out ungranted.

use axum::Json;
use lunadefend_core::VerifiedToken;

#[axum::debug_handler]
async fn get_ssn() -> Json<VerifiedToken> {
    unreachable!()
}

fn main() {
    let _: axum::routing::MethodRouter = axum::routing::get(get_ssn);
}
