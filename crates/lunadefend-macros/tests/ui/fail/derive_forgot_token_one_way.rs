use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", request)]
struct Request {
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", response)]
enum Response {
    Ssn(VerifiedToken),
    List { tokens: Vec<VerifiedToken> },
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Outer {
    inner: Inner,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Inner {
    #[token]
    ssn: VerifiedToken,
}

fn main() {}
