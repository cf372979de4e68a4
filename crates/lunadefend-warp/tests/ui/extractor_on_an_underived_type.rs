//! A request type with serde's own derive: its token would come in unverified.

use lunadefend_warp::{Luna, Verified};
use warp::Filter;

#[derive(serde::Deserialize)]
struct SetSsn {
    ssn_token: String,
}

async fn set_ssn(Verified(form): Verified<SetSsn>) -> &'static str {
    drop(form.ssn_token);
    ""
}

fn route(luna: &Luna) {
    let _ = luna.handle(warp::path!("set-ssn").and(warp::post()), set_ssn);
    let _ = luna.extract::<Verified<SetSsn>>();
}

fn main() {}
