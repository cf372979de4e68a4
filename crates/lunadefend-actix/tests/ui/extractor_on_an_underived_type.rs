//! A request type with serde's own derive: its token would come in unverified.

use lunadefend_actix::Verified;

#[derive(serde::Deserialize)]
struct SetSsn {
    ssn_token: String,
}

async fn set_ssn(Verified(form): Verified<SetSsn>) -> &'static str {
    drop(form.ssn_token);
    "stored"
}

fn main() {
    let _ = actix_web::web::post().to(set_ssn);
}
