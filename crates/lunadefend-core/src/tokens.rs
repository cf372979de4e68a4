//! Traits of whole types with tokens: `#[derive(Tokens)]` implements them, adapters require them.

mod blank;
pub mod private;
mod probe;

pub(crate) use blank::unless_blank;

use crate::{
    UntrustedToken, VerifiedToken,
    trust::{Grant, Verify},
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
};

/// A type that can be built from a request, once its tokens are verified.
///
/// `#[derive(Tokens)]` implements it. Adapters take a `T: FromUntrusted`, deserialise
/// [`Unverified<T>`](crate::Unverified) and hand it to [`Grants::verify`](crate::Grants::verify).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be built from an untrusted request",
    label = "holds no tokens that could be verified",
    note = "write `#[derive(Tokens)]` on it and `#[token]` on each of its fields that holds tokens; not `#[tokens(response)]`, which is for types that only go out",
    note = "a field with `#[token]` holds a `VerifiedToken`, a type with `#[derive(Tokens)]`, or one of these in an `Option`, `Patch`, `Box`, `Vec`, `VecDeque`, `HashSet`, `BTreeSet`, `HashMap`, `BTreeMap`, an array or a tuple of up to four"
)]
pub trait FromUntrusted: Sized {
    /// The same value before verification: it deserialises, and holds [`UntrustedToken`]s.
    type Wire: DeserializeOwned + Verify<Verified = Self> + Send;
}

/// A value whose tokens can be granted, and which can then be sent.
///
/// Implemented for every [`Grant`] whose granted form serialises: types with `#[derive(Tokens)]`, references
/// to them, and containers of them: `Option`, `Patch`, `Box`, `Arc`, lists, sets, maps, arrays, and tuples of
/// up to four.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be granted and sent",
    label = "holds no tokens that could be granted",
    note = "write `#[derive(Tokens)]` on it and `#[token]` on each of its fields that holds tokens; not `#[tokens(request)]`, which is for types that only come in",
    note = "a reference or an `Arc` is granted by cloning what it refers to: derive `Clone` too, or hand over the value"
)]
pub trait IntoGranted: Grant<Granted: Serialize> {}

#[diagnostic::do_not_recommend]
impl<T: Grant<Granted: Serialize>> IntoGranted for T {}

impl FromUntrusted for VerifiedToken {
    type Wire = UntrustedToken;
}

impl<T: FromUntrusted> FromUntrusted for Box<T> {
    type Wire = Box<T::Wire>;
}

impl<K, T, H> FromUntrusted for HashMap<K, T, H>
where
    K: DeserializeOwned + Eq + Hash + Send,
    T: FromUntrusted,
    H: BuildHasher + Default + Send,
{
    type Wire = HashMap<K, T::Wire, H>;
}

impl<K: DeserializeOwned + Ord + Send, T: FromUntrusted> FromUntrusted for BTreeMap<K, T> {
    type Wire = BTreeMap<K, T::Wire>;
}

/// Serde reads arrays of up to 32 items.
impl<T: FromUntrusted, const N: usize> FromUntrusted for [T; N]
where
    [T::Wire; N]: DeserializeOwned,
{
    type Wire = [T::Wire; N];
}

impl<A: FromUntrusted, B: FromUntrusted> FromUntrusted for (A, B) {
    type Wire = (A::Wire, B::Wire);
}

impl<A: FromUntrusted, B: FromUntrusted, C: FromUntrusted> FromUntrusted for (A, B, C) {
    type Wire = (A::Wire, B::Wire, C::Wire);
}

impl<A: FromUntrusted, B: FromUntrusted, C: FromUntrusted, D: FromUntrusted> FromUntrusted
    for (A, B, C, D)
{
    type Wire = (A::Wire, B::Wire, C::Wire, D::Wire);
}
