//! A function of its own for a field is not asked about tokens in whatever holds or lends one.

use lunadefend_core::{Patch, VerifiedToken};
use lunadefend_macros::Tokens;
use std::{
    borrow::Cow,
    cell::{Cell, Ref, RefCell, RefMut},
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    ops::{Deref, Range},
    pin::Pin,
    rc::{Rc, Weak},
    sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard},
};

fn write<T, S>(_: &T, _: S) -> Result<S::Ok, S::Error>
where
    S: serde::Serializer,
{
    unimplemented!()
}

/// Somebody's own pointer.
struct Own(VerifiedToken);

impl Deref for Own {
    type Target = VerifiedToken;

    fn deref(&self) -> &VerifiedToken {
        &self.0
    }
}

/// Somebody's own pointer to it.
struct Outer(Own);

impl Deref for Outer {
    type Target = Own;

    fn deref(&self) -> &Own {
        &self.0
    }
}

type Pair = Rc<Cow<'static, [VerifiedToken]>>;

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsCow<'a> {
    #[serde(serialize_with = "write")]
    cow: Cow<'a, VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsCowOfMany<'a> {
    #[serde(serialize_with = "write")]
    cow_of_many: Cow<'a, [VerifiedToken]>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsBorrowed<'a> {
    #[serde(serialize_with = "write")]
    borrowed: Ref<'a, VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsBorrowedToChange<'a> {
    #[serde(serialize_with = "write")]
    borrowed_to_change: RefMut<'a, VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsGuard<'a> {
    #[serde(serialize_with = "write")]
    guard: MutexGuard<'a, VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsReadGuard<'a> {
    #[serde(serialize_with = "write")]
    read_guard: RwLockReadGuard<'a, VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsPinned {
    #[serde(serialize_with = "write")]
    pinned: Pin<Box<VerifiedToken>>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsTuple {
    #[serde(serialize_with = "write")]
    tuple: (u8, VerifiedToken),
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsTuples {
    #[serde(serialize_with = "write")]
    tuples: Vec<(String, Option<VerifiedToken>)>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsInATupleOfTuples {
    #[serde(serialize_with = "write")]
    in_a_tuple_of_tuples: (u8, (u8, [VerifiedToken; 2])),
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsArray {
    #[serde(serialize_with = "write")]
    array: [VerifiedToken; 2],
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsSet {
    #[serde(serialize_with = "write")]
    set: HashSet<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsOrdered {
    #[serde(serialize_with = "write")]
    ordered: BTreeSet<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsDeque {
    #[serde(serialize_with = "write")]
    deque: VecDeque<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsResult {
    #[serde(serialize_with = "write")]
    result: Result<VerifiedToken, u8>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsError {
    #[serde(serialize_with = "write")]
    error: Result<u8, VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsKey {
    #[serde(serialize_with = "write")]
    key: HashMap<VerifiedToken, u8>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsCell {
    #[serde(serialize_with = "write")]
    cell: Cell<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsRefCell {
    #[serde(serialize_with = "write")]
    ref_cell: Arc<RefCell<Option<VerifiedToken>>>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsMutex {
    #[serde(serialize_with = "write")]
    mutex: Arc<Mutex<VerifiedToken>>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsLock {
    #[serde(serialize_with = "write")]
    lock: RwLock<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsWeak {
    #[serde(serialize_with = "write")]
    weak: Weak<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsPatch {
    #[serde(serialize_with = "write")]
    patch: Patch<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsOwn {
    #[serde(serialize_with = "write")]
    own: Own,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsSharedOwn {
    #[serde(serialize_with = "write")]
    shared_own: Arc<Own>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsOuter {
    #[serde(serialize_with = "write")]
    outer: Outer,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsSharedOuter {
    #[serde(serialize_with = "write")]
    shared_outer: Arc<Outer>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsRange {
    #[serde(serialize_with = "write")]
    range: Range<VerifiedToken>,
}

#[derive(Tokens)]
#[tokens(response, crate = "lunadefend_core")]
struct HoldsAlias {
    #[serde(serialize_with = "write")]
    alias: Pair,
}

fn main() {}
