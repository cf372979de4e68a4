//! A stored token as an answer: it would go out ungranted.

use actix_web::web::{self, Json};
use lunadefend_core::VerifiedToken;

async fn get_ssn() -> Json<VerifiedToken> {
    unreachable!()
}

fn main() {
    let _ = web::get().to(get_ssn);
}
