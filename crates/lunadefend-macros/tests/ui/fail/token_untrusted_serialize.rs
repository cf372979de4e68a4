use lunadefend_core::UntrustedToken;

#[derive(serde::Serialize)]
struct Echo {
    token: UntrustedToken,
}

fn main() {}
