//! Absent, `null` and a value stay three things.

use lunadefend_core::{Patch, VerifiedToken};
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct Twice {
    #[token]
    #[serde(default)]
    ssn: Option<Option<VerifiedToken>>,
}

type Maybe<T> = Option<T>;

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct ByAnAlias {
    #[token]
    ssn: Maybe<Option<VerifiedToken>>,
}

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct AroundAPatch {
    #[token]
    ssn: Option<Patch<VerifiedToken>>,
}

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct WithoutDefault {
    #[token]
    ssn: Patch<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(request, crate = "lunadefend_core")]
struct PlainWithoutDefault {
    name: Patch<String>,
    #[token]
    #[serde(default)]
    ssn: Patch<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct GoesOut {
    #[token]
    #[serde(default)]
    ssn: Patch<VerifiedToken>,
}

fn main() {}
