//! Only a `Granter` makes what may be sent.

use lunadefend_actix::Granted;
use lunadefend_core::VerifiedToken;

fn send(stored: VerifiedToken) -> Granted<VerifiedToken> {
    Granted(stored)
}

fn main() {}
