//! A type without the derive has no tokens that could be granted.

use lunadefend_actix::{Error, Granted, Granter};

#[derive(serde::Serialize)]
struct Profile {
    ssn: String,
}

async fn profile(grants: Granter, profile: Profile) -> Result<Granted<Profile>, Error> {
    grants.grant(profile).await
}

fn main() {}
