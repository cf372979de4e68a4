//! Questions that the derive asks about the type of a field.
//!
//! `Probe::<T>::HOLDS_TOKENS`: an inherent constant, where one exists, hides the default of [`Not`]. This
//! works through aliases, but not for a type parameter.

#![expect(missing_docs, reason = "nobody asks these by hand")]

use crate::{Patch, VerifiedToken};
use std::{
    borrow::Cow,
    cell::{Cell, LazyCell, OnceCell, Ref, RefCell, RefMut},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    marker::PhantomData,
    mem::ManuallyDrop,
    num::{Saturating, Wrapping},
    ops::{Bound, ControlFlow, Deref, Range, RangeFrom, RangeInclusive, RangeTo},
    pin::Pin,
    rc::{self, Rc},
    sync::{
        self, Arc, LazyLock, Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard,
    },
    task::Poll,
};

/// The question.
#[derive(Debug)]
pub struct Probe<T: ?Sized>(PhantomData<T>);

/// The defaults where a [`Probe`] has no inherent constant.
pub trait Not {
    const HOLDS_TOKENS: bool = false;
    const LENDS_TOKENS: bool = false;
    const LENDS_A_LENDER: bool = false;
    const LENDS_WHAT_LENDS_A_LENDER: bool = false;
    const LOSES_NULL: bool = false;
    const IS_PATCH: bool = false;
    const TELLS_ABSENT: bool = false;
}

impl<T: ?Sized> Not for Probe<T> {}

impl<T: HoldsTokens + ?Sized> Probe<T> {
    pub const HOLDS_TOKENS: bool = true;
}

/// A type that dereferences to a token, such as a smart pointer, can be passed to a function that takes one.
impl<T: Deref<Target: HoldsTokens> + ?Sized> Probe<T> {
    pub const LENDS_TOKENS: bool = true;
}

/// The compiler goes from pointer to pointer, such as from an `Arc` of a guard to its token.
impl<T: Deref<Target: Deref<Target: HoldsTokens>> + ?Sized> Probe<T> {
    pub const LENDS_A_LENDER: bool = true;
}

impl<T: Deref<Target: Deref<Target: Deref<Target: HoldsTokens>>> + ?Sized> Probe<T> {
    pub const LENDS_WHAT_LENDS_A_LENDER: bool = true;
}

impl<T: LosesNull> Probe<T> {
    pub const LOSES_NULL: bool = true;
}

impl<T> Probe<Patch<T>> {
    pub const IS_PATCH: bool = true;
    pub const TELLS_ABSENT: bool = true;
}

#[cfg(feature = "async-graphql")]
impl<T> Probe<async_graphql::MaybeUndefined<T>> {
    pub const TELLS_ABSENT: bool = true;
}

/// A type whose fields need `#[token]`: for fields that do not go through [`Plain`](super::private::Plain),
/// as they are skipped or have their own functions to read or write them.
pub trait HoldsTokens {}

impl HoldsTokens for VerifiedToken {}

macro_rules! holders {
    ($(($($parameters:tt)*) $ty:ty;)*) => {
        $(impl<$($parameters)*> HoldsTokens for $ty {})*
    };
}
holders! {
    (T: HoldsTokens + ?Sized) &T;
    (T: HoldsTokens + ?Sized) &mut T;
    (T: HoldsTokens + ?Sized) Arc<T>;
    (T: HoldsTokens + ?Sized) sync::Weak<T>;
    (T: HoldsTokens + ?Sized) Box<T>;
    (T: HoldsTokens + ?Sized) Rc<T>;
    (T: HoldsTokens + ?Sized) rc::Weak<T>;
    (T: HoldsTokens + ToOwned + ?Sized) Cow<'_, T>;
    (T: HoldsTokens + ?Sized) Cell<T>;
    (T: HoldsTokens + ?Sized) RefCell<T>;
    (T: HoldsTokens + ?Sized) Ref<'_, T>;
    (T: HoldsTokens + ?Sized) RefMut<'_, T>;
    (T: HoldsTokens + ?Sized) Mutex<T>;
    (T: HoldsTokens + ?Sized) MutexGuard<'_, T>;
    (T: HoldsTokens + ?Sized) RwLock<T>;
    (T: HoldsTokens + ?Sized) RwLockReadGuard<'_, T>;
    (T: HoldsTokens + ?Sized) RwLockWriteGuard<'_, T>;
    (T: HoldsTokens + ?Sized) ManuallyDrop<T>;
    (T: HoldsTokens) OnceCell<T>;
    (T: HoldsTokens) OnceLock<T>;
    (T: HoldsTokens, F) LazyCell<T, F>;
    (T: HoldsTokens, F) LazyLock<T, F>;
    (P: HoldsTokens) Pin<P>;
    (T: HoldsTokens) Option<T>;
    (T: HoldsTokens, E) Result<T, E>;
    (T: HoldsTokens) Patch<T>;
    (T: HoldsTokens) Reverse<T>;
    (T: HoldsTokens) Saturating<T>;
    (T: HoldsTokens) Wrapping<T>;
    (T: HoldsTokens) Bound<T>;
    (T: HoldsTokens) Poll<T>;
    (T: HoldsTokens, B) ControlFlow<B, T>;
    (T: HoldsTokens) Range<T>;
    (T: HoldsTokens) RangeFrom<T>;
    (T: HoldsTokens) RangeInclusive<T>;
    (T: HoldsTokens) RangeTo<T>;
    (T: HoldsTokens) Vec<T>;
    (T: HoldsTokens) VecDeque<T>;
    (T: HoldsTokens) LinkedList<T>;
    (T: HoldsTokens) BinaryHeap<T>;
    (T: HoldsTokens) BTreeSet<T>;
    (T: HoldsTokens, H) HashSet<T, H>;
    (K, T: HoldsTokens) BTreeMap<K, T>;
    (K, T: HoldsTokens, H) HashMap<K, T, H>;
    (T: HoldsTokens) [T];
    (T: HoldsTokens, const N: usize) [T; N];
}

#[cfg(feature = "async-graphql")]
holders! {
    (T: HoldsTokens) async_graphql::MaybeUndefined<T>;
}

/// A type that does not distinguish an absent member from `null`.
pub trait LosesNull {}

impl<T> LosesNull for Option<Option<T>> {}
impl<T> LosesNull for Option<Patch<T>> {}
#[cfg(feature = "async-graphql")]
impl<T> LosesNull for Option<async_graphql::MaybeUndefined<T>> {}
impl<T: LosesNull> LosesNull for Box<T> {}
impl<T: LosesNull> LosesNull for Vec<T> {}
impl<K, T: LosesNull> LosesNull for BTreeMap<K, T> {}
impl<K, T: LosesNull, H> LosesNull for HashMap<K, T, H> {}
