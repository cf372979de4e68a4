//! The step from one trust state to the next, for single tokens and for whole structures.
//!
//! Both steps have two passes, so that any number of tokens costs one call: collect all of them, ask
//! once, then upgrade against the proof of the answer. A proof is made by [`Grants`](crate::Grants)
//! alone, knows only the tokens of its call, and cannot be kept: it is only ever lent.

mod collectors;

pub use collectors::{GrantCollector, VerifyCollector};

use crate::{Error, ErrorKind, GrantRequest, GrantedToken, TokenId, UntrustedToken, VerifiedToken};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    fmt,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

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
    note = "hand `Grants::create` a `VerifiedToken`, a container of them, or a type with `#[derive(Tokens)]`"
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

// Containers: the same step for each element, for both directions.
macro_rules! containers {
    ($trait:ident, $out:ident, $collector:ty, $proof:ty) => {
        impl<T: $trait> $trait for Box<T> {
            type $out = Box<T::$out>;

            fn collect(&self, tokens: &mut $collector) {
                (**self).collect(tokens);
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                (*self).upgrade(proof).map(Box::new)
            }
        }

        impl<T: $trait> $trait for Option<T> {
            type $out = Option<T::$out>;

            fn collect(&self, tokens: &mut $collector) {
                self.iter().for_each(|value| value.collect(tokens));
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                self.map(|value| value.upgrade(proof)).transpose()
            }
        }

        impl<T: $trait, const N: usize> $trait for [T; N] {
            type $out = [T::$out; N];

            fn collect(&self, tokens: &mut $collector) {
                self.iter().for_each(|value| value.collect(tokens));
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                let upgraded: Result<Vec<_>, _> =
                    self.into_iter().map(|value| value.upgrade(proof)).collect();
                // As many as before: it cannot fail.
                upgraded?.try_into().map_err(|_| ErrorKind::Internal.into())
            }
        }

        containers!(lists $trait, $out, $collector, $proof: Vec, VecDeque);
        containers!(tuples $trait, $out, $collector, $proof: (A a, B b) (A a, B b, C c) (A a, B b, C c, D d));
        containers!(maps $trait, $out, $collector, $proof:
            (K: Eq + Hash, T: $trait, H: BuildHasher + Default) HashMap<K, T, H>, HashMap<K, T::$out, H>;
            (K: Ord, T: $trait) BTreeMap<K, T>, BTreeMap<K, T::$out>;
        );
    };
    (lists $trait:ident, $out:ident, $collector:ty, $proof:ty: $($list:ident),*) => {
        $(impl<T: $trait> $trait for $list<T> {
            type $out = $list<T::$out>;

            fn collect(&self, tokens: &mut $collector) {
                self.iter().for_each(|value| value.collect(tokens));
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                self.into_iter().map(|value| value.upgrade(proof)).collect()
            }
        })*
    };
    (tuples $trait:ident, $out:ident, $collector:ty, $proof:ty: $(($($T:ident $value:ident),*))*) => {
        $(impl<$($T: $trait),*> $trait for ($($T),*) {
            type $out = ($($T::$out),*);

            fn collect(&self, tokens: &mut $collector) {
                let ($($value),*) = self;
                $($value.collect(tokens);)*
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                let ($($value),*) = self;
                Ok(($($value.upgrade(proof)?),*))
            }
        })*
    };
    (maps $trait:ident, $out:ident, $collector:ty, $proof:ty: $(($($bounds:tt)*) $map:ty, $upgraded:ty;)*) => {
        $(impl<$($bounds)*> $trait for $map {
            type $out = $upgraded;

            fn collect(&self, tokens: &mut $collector) {
                self.values().for_each(|value| value.collect(tokens));
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                self.into_iter()
                    .map(|(key, value)| Ok((key, value.upgrade(proof)?)))
                    .collect()
            }
        })*
    };
}
containers!(Verify, Verified, VerifyCollector, VerifyProof);
containers!(Grant, Granted, GrantCollector, GrantProof);

// Sets go out as sets. They come in as lists: what is untrusted cannot be compared.
macro_rules! sets {
    ($(($($bounds:tt)*) $set:ty, $granted:ty;)*) => {
        $(impl<$($bounds)*> Grant for $set {
            type Granted = $granted;

            fn collect(&self, tokens: &mut GrantCollector) {
                self.iter().for_each(|value| value.collect(tokens));
            }

            fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
                self.into_iter().map(|value| value.upgrade(proof)).collect()
            }
        })*
    };
}
sets! {
    (T: Grant<Granted: Eq + Hash>, H: BuildHasher + Default) HashSet<T, H>, HashSet<T::Granted, H>;
    (T: Grant<Granted: Ord>) BTreeSet<T>, BTreeSet<T::Granted>;
}

// What is only borrowed or shared is cloned, to be granted and sent.

impl<T: Grant + Clone> Grant for &T {
    type Granted = T::Granted;

    fn collect(&self, tokens: &mut GrantCollector) {
        (**self).collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<T::Granted, Error> {
        self.clone().upgrade(proof)
    }
}

impl<T: Grant + Clone> Grant for &[T] {
    type Granted = Vec<T::Granted>;

    fn collect(&self, tokens: &mut GrantCollector) {
        self.iter().for_each(|value| value.collect(tokens));
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        self.iter()
            .map(|value| value.clone().upgrade(proof))
            .collect()
    }
}

impl<T: Grant + Clone> Grant for Arc<T> {
    type Granted = T::Granted;

    fn collect(&self, tokens: &mut GrantCollector) {
        (**self).collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<T::Granted, Error> {
        Self::unwrap_or_clone(self).upgrade(proof)
    }
}
