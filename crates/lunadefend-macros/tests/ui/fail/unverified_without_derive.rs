use lunadefend_core::{Unverified, VerifiedToken};

struct SetSsn {
    ssn: VerifiedToken,
}

#[derive(serde::Deserialize)]
struct Plain {
    name: String,
}

fn handler(_: Unverified<SetSsn>) {}

fn other(_: Unverified<Plain>) {}

fn main() {}
