use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Customer {
    name: String,
    ssn: VerifiedToken,
    #[token]
    card: VerifiedToken,
    passport: Option<VerifiedToken>,
}

fn main() {}
