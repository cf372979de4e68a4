//! The step from one trust state to the next, for single tokens and for whole structures.
//!
//! Both steps have two passes, so that any number of tokens costs one call: collect all of them, ask
//! once, then upgrade against the proof of the answer. A proof is made by [`Grants`](crate::Grants)
//! alone, knows only the tokens of its call, and cannot be kept: it is only ever lent.

mod collectors;
mod containers;

pub use collectors::{GrantCollector, VerifyCollector};

use crate::{
    Error, ErrorKind, GrantedToken, UntrustedToken, VerifiedToken,
    provider::{GrantRequest, TokenId},
};
use std::{collections::HashSet, fmt};

/// A value that holds tokens which nobody has verified.
///
/// Derived together with its verified form by `#[derive(Tokens)]`; implemented here for
/// [`UntrustedToken`] and for containers of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold untrusted tokens that can be verified",
    note = "hand `Grants::verify` an `UntrustedToken`, a container of them, or the wire form of a type with `#[derive(Tokens)]`"
)]
pub trait Verify: Sized {
    /// The same value with verified tokens.
    type Verified;

    /// Names every token of the value.
    fn collect(&self, tokens: &mut VerifyCollector);

    /// Turns every token into a verified one.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGrant`] for a token that the proof does not cover, which is every token
    /// that [`collect`](Self::collect) left out.
    fn upgrade(self, proof: &VerifyProof) -> Result<Self::Verified, Error>;
}

/// A value that holds verified tokens which are about to be sent to the session of a request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold verified tokens that can be granted",
    note = "hand `Grants::grant` a `VerifiedToken`, a container of them, or a type with `#[derive(Tokens)]`"
)]
pub trait Grant: Sized {
    /// The same value with granted tokens.
    type Granted;

    /// Names every token of the value.
    fn collect(&self, tokens: &mut GrantCollector);

    /// Turns every token into a granted one.
    ///
    /// # Errors
    /// [`ErrorKind::GrantCreation`] for a token that the proof does not cover, which is every token
    /// that [`collect`](Self::collect) left out.
    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error>;
}

/// The tokens that the tokenizer vouched for in one call, for one session.
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
