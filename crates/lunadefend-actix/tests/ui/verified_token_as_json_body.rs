//! A token read by actix-web's own extractor: it would come in unverified.

use actix_web::web::{self, Json};
use lunadefend_core::VerifiedToken;

async fn set_ssn(Json(token): Json<VerifiedToken>) -> &'static str {
    drop(token);
    "stored"
}

fn main() {
    let _ = web::post().to(set_ssn);
}
