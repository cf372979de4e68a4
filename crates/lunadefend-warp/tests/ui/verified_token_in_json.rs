//! A stored token as an answer: it would go out ungranted.

use lunadefend_core::VerifiedToken;

async fn get_ssn(token: VerifiedToken) -> impl warp::Reply {
    warp::reply::json(&token)
}

fn main() {}
