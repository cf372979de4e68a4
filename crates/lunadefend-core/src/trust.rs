//! The step from one trust state to the next, for single tokens and for whole structures.
//!
//! Both steps have two passes, so that any number of tokens costs one call. The first pass collects all
//! tokens for that call; the second upgrades each of them against the proof. Only [`Grants`](crate::Grants)
//! makes a proof. It covers only the tokens of its call, and is lent, so it cannot be kept.

mod collectors;
mod containers;

pub use collectors::{GrantCollector, VerifyCollector};

use crate::{
    Error, ErrorKind, GrantedToken, UntrustedToken, VerifiedToken,
    provider::{GrantRequest, TokenId},
};
use std::{collections::HashSet, fmt};

/// A value with unverified tokens.
///
/// `#[derive(Tokens)]` derives it together with the verified form. [`UntrustedToken`] and its containers
/// implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold untrusted tokens that can be verified",
    note = "hand `Grants::verify` an `UntrustedToken`, a container of them, or the wire form of a type with `#[derive(Tokens)]`"
)]
pub trait Verify: Sized {
    /// The same value with verified tokens.
    type Verified;

    /// Adds every token of the value to `tokens`.
    fn collect(&self, tokens: &mut VerifyCollector);

    /// Turns every token into a verified one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGrant`] for a token that the proof does not cover, which is every token
    /// that [`collect`](Self::collect) left out.
    fn upgrade(self, proof: &VerifyProof) -> Result<Self::Verified, Error>;
}

/// A value with verified tokens that can be granted to a session and then sent.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold verified tokens that can be granted",
    note = "hand `Grants::grant` a `VerifiedToken`, a container of them, or a type with `#[derive(Tokens)]`"
)]
pub trait Grant: Sized {
    /// The same value with granted tokens.
    type Granted;

    /// Adds every token of the value to `tokens`.
    fn collect(&self, tokens: &mut GrantCollector);

    /// Turns every token into a granted one.
    ///
    /// # Errors
    /// [`ErrorKind::GrantCreation`] for a token that the proof does not cover, which is every token
    /// that [`collect`](Self::collect) left out.
    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error>;
}

/// The tokens that the tokenizer verified in one call, for one session.
pub struct VerifyProof(HashSet<TokenId>);

impl VerifyProof {
    pub(crate) fn new(ids: Vec<TokenId>) -> Self {
        Self(ids.into_iter().collect())
    }
}

impl fmt::Debug for VerifyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyProof")
            .field("tokens", &self.0.len())
            .finish()
    }
}

/// The tokens that the tokenizer granted in one call, to one session.
pub struct GrantProof(HashSet<TokenId>);

impl GrantProof {
    pub(crate) fn new(requests: Vec<GrantRequest>) -> Self {
        Self(requests.into_iter().map(GrantRequest::into_token).collect())
    }
}

impl fmt::Debug for GrantProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantProof")
            .field("tokens", &self.0.len())
            .finish()
    }
}

impl Verify for UntrustedToken {
    type Verified = VerifiedToken;

    fn collect(&self, tokens: &mut VerifyCollector) {
        tokens.token(self);
    }

    fn upgrade(self, proof: &VerifyProof) -> Result<VerifiedToken, Error> {
        if proof.0.contains(self.id()) {
            Ok(self.into_verified())
        } else {
            Err(Error::new(ErrorKind::InvalidGrant))
        }
    }
}

impl Grant for VerifiedToken {
    type Granted = GrantedToken;

    fn collect(&self, tokens: &mut GrantCollector) {
        tokens.token(self, None);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<GrantedToken, Error> {
        if proof.0.contains(self.id()) {
            Ok(self.into_granted())
        } else {
            Err(Error::new(ErrorKind::GrantCreation))
        }
    }
}
