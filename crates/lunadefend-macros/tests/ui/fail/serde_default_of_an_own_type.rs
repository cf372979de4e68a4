//! Nothing makes an absent token of a type of one's own.

use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Default, Tokens)]
#[tokens(request, crate = "lunadefend_core")]
#[serde(untagged)]
enum Slot {
    Set(#[token] VerifiedToken),
    #[default]
    Keep,
}

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct Change {
    #[token]
    #[serde(default)]
    ssn: Slot,
}

fn main() {}
