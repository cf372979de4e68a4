use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

use lunadefend_core::Unverified;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Page<T> {
    items: Vec<T>,
}

fn handler(_: Unverified<Page<VerifiedToken>>) {}

fn main() {}
