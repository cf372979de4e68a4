//! Only a `Granter` makes what may be sent.

use lunadefend_actix::Granted;
use lunadefend_core::{GrantedValue, VerifiedToken};

fn send(stored: VerifiedToken) -> Granted<VerifiedToken> {
    GrantedValue(stored)
}

fn main() {}
