use lunadefend_core::VerifiedToken;

#[derive(serde::Deserialize)]
struct SetSsn {
    ssn: VerifiedToken,
}

fn main() {}
