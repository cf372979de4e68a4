use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(serde::Deserialize)]
struct OnlyRead;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Request {
    kind: OnlyRead,
    #[token]
    ssn: VerifiedToken,
}

fn main() {}
