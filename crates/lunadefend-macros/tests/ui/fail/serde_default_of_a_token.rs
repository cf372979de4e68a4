use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", request)]
struct Default {
    #[token]
    #[serde(default)]
    ssn: VerifiedToken,
}

fn main() {}
