//! A request type with serde's own derive: its token would come in unverified.

use lunadefend_axum::{Luna, Verified};

#[derive(serde::Deserialize)]
struct SetSsn {
    ssn_token: String,
}

#[axum::debug_handler(state = Luna)]
async fn set_ssn(Verified(form): Verified<SetSsn>) {
    drop(form.ssn_token);
}

fn main() {
    let _: axum::routing::MethodRouter<Luna> = axum::routing::post(set_ssn);
}
