//! The step from one trust state to the next for containers: it applies to each value inside.

use super::{Grant, GrantCollector, GrantProof, Verify, VerifyCollector, VerifyProof};
use crate::{Error, ErrorKind};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    hash::{BuildHasher, Hash},
    sync::Arc,
};

/// `(bounds) a type => upgraded: how its values are met, |value, proof| how it is upgraded;`
macro_rules! step {
    (
        $trait:ident, $out:ident, $collector:ty, $proof:ty;
        $(($($bounds:tt)*) $ty:ty => $upgraded:ty: $values:ident, |$value:ident, $by:ident| $upgrade:expr;)*
    ) => {
        $(impl<$($bounds)*> $trait for $ty {
            type $out = $upgraded;

            fn collect(&self, tokens: &mut $collector) {
                self.$values().for_each(|value| value.collect(tokens));
            }

            fn upgrade(self, $by: &$proof) -> Result<Self::$out, Error> {
                let $value = self;
                $upgrade
            }
        })*
    };
}

/// Lists and sets.
fn each<T, U, C: FromIterator<U>>(
    values: impl IntoIterator<Item = T>,
    upgrade: impl Fn(T) -> Result<U, Error>,
) -> Result<C, Error> {
    values.into_iter().map(upgrade).collect()
}

/// Maps.
fn each_value<K, T, U, C: FromIterator<(K, U)>>(
    entries: impl IntoIterator<Item = (K, T)>,
    upgrade: impl Fn(T) -> Result<U, Error>,
) -> Result<C, Error> {
    each(entries, |(key, value)| Ok((key, upgrade(value)?)))
}

/// Converts the values back to an array of the same length; cannot fail, as the number has not changed.
fn as_many<T, const N: usize>(values: Vec<T>) -> Result<[T; N], Error> {
    values.try_into().map_err(|_| ErrorKind::Internal.into())
}

macro_rules! both_ways {
    ($trait:ident, $out:ident, $collector:ty, $proof:ty) => {
        step! {
            $trait, $out, $collector, $proof;
            (T: $trait) Option<T> => Option<T::$out>:
                iter, |value, proof| value.map(|value| value.upgrade(proof)).transpose();
            (T: $trait, const N: usize) [T; N] => [T::$out; N]:
                iter, |values, proof| as_many(each(values, |value| value.upgrade(proof))?);
            (T: $trait) Vec<T> => Vec<T::$out>:
                iter, |values, proof| each(values, |value| value.upgrade(proof));
            (T: $trait) VecDeque<T> => VecDeque<T::$out>:
                iter, |values, proof| each(values, |value| value.upgrade(proof));
            (K: Eq + Hash, T: $trait, H: BuildHasher + Default) HashMap<K, T, H> => HashMap<K, T::$out, H>:
                values, |values, proof| each_value(values, |value| value.upgrade(proof));
            (K: Ord, T: $trait) BTreeMap<K, T> => BTreeMap<K, T::$out>:
                values, |values, proof| each_value(values, |value| value.upgrade(proof));
        }

        impl<T: $trait> $trait for Box<T> {
            type $out = Box<T::$out>;

            fn collect(&self, tokens: &mut $collector) {
                (**self).collect(tokens);
            }

            fn upgrade(self, proof: &$proof) -> Result<Self::$out, Error> {
                (*self).upgrade(proof).map(Box::new)
            }
        }

        tuples! {
            $trait, $out, $collector, $proof;
            (A a, B b)
            (A a, B b, C c)
            (A a, B b, C c, D d)
        }
    };
}

macro_rules! tuples {
    ($trait:ident, $out:ident, $collector:ty, $proof:ty; $(($($ty:ident $value:ident),*))*) => {
        $(impl<$($ty: $trait),*> $trait for ($($ty),*) {
            type $out = ($($ty::$out),*);

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
}

both_ways!(Verify, Verified, VerifyCollector, VerifyProof);
both_ways!(Grant, Granted, GrantCollector, GrantProof);

// Untrusted tokens cannot be compared, so a set comes in as a list. Borrowed and shared values are cloned.
step! {
    Grant, Granted, GrantCollector, GrantProof;
    (T: Grant<Granted: Eq + Hash>, H: BuildHasher + Default) HashSet<T, H> => HashSet<T::Granted, H>:
        iter, |values, proof| each(values, |value| value.upgrade(proof));
    (T: Grant<Granted: Ord>) BTreeSet<T> => BTreeSet<T::Granted>:
        iter, |values, proof| each(values, |value| value.upgrade(proof));
    (T: Grant + Clone) &[T] => Vec<T::Granted>:
        iter, |values, proof| each(values, |value| value.clone().upgrade(proof));
}

impl<T: Grant + Clone> Grant for &T {
    type Granted = T::Granted;

    fn collect(&self, tokens: &mut GrantCollector) {
        (**self).collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<T::Granted, Error> {
        self.clone().upgrade(proof)
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
