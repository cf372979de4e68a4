use lunadefend_core::{UntrustedToken, VerifiedToken};

#[derive(serde::Deserialize)]
struct Body {
    ssn: UntrustedToken,
}

struct Order {
    ssn: VerifiedToken,
}

fn store(_: &VerifiedToken) {}

fn handler(body: Body) {
    store(&body.ssn);
}

fn build(body: Body) -> Order {
    Order { ssn: body.ssn }
}

fn convert(body: Body) -> VerifiedToken {
    body.ssn.into()
}

fn main() {}
