use lunadefend_core::{UntrustedToken, VerifiedToken, trust::{GrantProof, Verify, VerifyProof}};
use std::collections::HashSet;

fn copy(proof: &VerifyProof, other: &GrantProof) -> (VerifyProof, GrantProof) {
    (proof.clone(), other.clone())
}

fn make() -> VerifyProof {
    VerifyProof(HashSet::new())
}

fn new() -> VerifyProof {
    VerifyProof::new(Vec::new())
}

fn default() -> GrantProof {
    GrantProof::default()
}

fn mix(token: UntrustedToken, proof: &GrantProof) -> VerifiedToken {
    token.upgrade(proof).unwrap()
}

fn main() {}
