use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(from = "String")]
struct From {
    #[token]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(try_from = "String", into = "String")]
struct TryFrom {
    #[token]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(remote = "TryFrom")]
struct Remote {
    #[token]
    ssn: VerifiedToken,
}

#[derive(Default, Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(default)]
struct Default {
    #[token]
    ssn: Option<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[serde(bound = "", crate = "serde", variant_identifier)]
struct Others {
    #[token]
    ssn: VerifiedToken,
}

fn main() {}
