use lunadefend_core::{Unverified, VerifiedToken};
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct SetSsn {
    #[token]
    ssn: VerifiedToken,
}

fn wire(body: Unverified<SetSsn>) {
    drop(body.0);
}

fn field(body: Unverified<SetSsn>) -> VerifiedToken {
    body.ssn
}

fn convert(body: Unverified<SetSsn>) -> SetSsn {
    body.into()
}

fn echo(body: &Unverified<SetSsn>) -> String {
    serde_json::to_string(body).unwrap()
}

fn main() {}
