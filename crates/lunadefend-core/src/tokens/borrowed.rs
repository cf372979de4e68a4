//! Granting what is only borrowed: the granted form has tokens of its own and borrows the rest.

use crate::{Error, Grant, GrantCollector, GrantProof};
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
};

impl<'a, T> Grant for &'a &T
where
    &'a T: Grant,
{
    type Granted = <&'a T as Grant>::Granted;

    fn collect(&self, tokens: &mut GrantCollector) {
        let value: &'a T = self;
        value.collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        let value: &'a T = self;
        value.upgrade(proof)
    }
}

impl<'a, T> Grant for &'a Box<T>
where
    &'a T: Grant,
{
    type Granted = Box<<&'a T as Grant>::Granted>;

    fn collect(&self, tokens: &mut GrantCollector) {
        let value: &'a T = self;
        value.collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        let value: &'a T = self;
        value.upgrade(proof).map(Box::new)
    }
}

impl<'a, T> Grant for &'a Option<T>
where
    &'a T: Grant,
{
    type Granted = Option<<&'a T as Grant>::Granted>;

    fn collect(&self, tokens: &mut GrantCollector) {
        self.as_ref().collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        self.as_ref().upgrade(proof)
    }
}

impl<'a, T> Grant for &'a [T]
where
    &'a T: Grant,
{
    type Granted = Vec<<&'a T as Grant>::Granted>;

    fn collect(&self, tokens: &mut GrantCollector) {
        self.iter().for_each(|value| Grant::collect(&value, tokens));
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        self.iter().map(|value| value.upgrade(proof)).collect()
    }
}

impl<'a, T> Grant for &'a Vec<T>
where
    &'a T: Grant,
{
    type Granted = Vec<<&'a T as Grant>::Granted>;

    fn collect(&self, tokens: &mut GrantCollector) {
        self.as_slice().collect(tokens);
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        self.as_slice().upgrade(proof)
    }
}

impl<'a, K: Eq + Hash, T, H: BuildHasher + Default> Grant for &'a HashMap<K, T, H>
where
    &'a T: Grant,
{
    type Granted = HashMap<&'a K, <&'a T as Grant>::Granted, H>;

    fn collect(&self, tokens: &mut GrantCollector) {
        self.values()
            .for_each(|value| Grant::collect(&value, tokens));
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        self.iter()
            .map(|(key, value)| Ok((key, value.upgrade(proof)?)))
            .collect()
    }
}

impl<'a, K: Ord, T> Grant for &'a BTreeMap<K, T>
where
    &'a T: Grant,
{
    type Granted = BTreeMap<&'a K, <&'a T as Grant>::Granted>;

    fn collect(&self, tokens: &mut GrantCollector) {
        self.values()
            .for_each(|value| Grant::collect(&value, tokens));
    }

    fn upgrade(self, proof: &GrantProof) -> Result<Self::Granted, Error> {
        self.iter()
            .map(|(key, value)| Ok((key, value.upgrade(proof)?)))
            .collect()
    }
}
