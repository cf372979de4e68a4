use lunadefend_core::VerifiedToken;

#[derive(serde::Serialize)]
struct Profile {
    ssn: VerifiedToken,
}

fn main() {}
