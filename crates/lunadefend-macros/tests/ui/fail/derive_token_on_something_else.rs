use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", request)]
struct Text {
    #[token]
    ssn: String,
}

struct NotDerived {
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", response)]
struct Nested {
    #[token]
    inner: Vec<NotDerived>,
}

fn main() {}
