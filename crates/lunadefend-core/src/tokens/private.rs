//! What the code that `#[derive(Tokens)]` writes refers to. Not part of the public API.

pub use crate::{
    Error, FromUntrusted, Grant, GrantCollector, GrantDuration, GrantProof, Verify,
    VerifyCollector, VerifyProof,
};
pub use serde;
