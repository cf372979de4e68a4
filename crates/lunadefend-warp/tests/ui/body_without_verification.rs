//! What came in, read by warp alone, is not a value of the program.

use lunadefend_core::{Unverified, VerifiedToken};
use lunadefend_warp::{Error, Luna};
use warp::Filter;

async fn set_ssn(token: VerifiedToken) -> Result<impl warp::Reply, Error> {
    drop(token);
    Ok(warp::reply())
}

fn route(luna: &Luna) {
    let body = warp::body::json::<Unverified<VerifiedToken>>();
    let _ = luna.handle(warp::path!("set-ssn").and(body), set_ssn);
    let _ = warp::body::json::<VerifiedToken>();
}

fn main() {}
