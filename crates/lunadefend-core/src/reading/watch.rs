//! Wrappers: a deserializer around the format's, and a visitor around the type's.

use super::{
    access::{Items, Members, Variants},
    path::Trace,
    wrong::Wrong,
};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

/// The program's names for the keys at a place; `None` for a map.
pub(super) type Names = Option<&'static [&'static str]>;

/// A deserializer, a visitor or a seed.
pub(super) struct Reader<'t, X, const FORM: bool> {
    inner: X,
    trace: &'t Trace<FORM>,
    /// For a key itself: its possible names.
    key: Names,
}

impl<'t, X, const FORM: bool> Reader<'t, X, FORM> {
    pub(super) const fn new(inner: X, trace: &'t Trace<FORM>) -> Self {
        Self::of_key(inner, trace, None)
    }

    pub(super) const fn of_key(inner: X, trace: &'t Trace<FORM>, key: Names) -> Self {
        Self { inner, trace, key }
    }

    const fn with<Y>(&self, inner: Y) -> Reader<'t, Y, FORM> {
        Reader::of_key(inner, self.trace, self.key)
    }

    const fn visitor<V>(&self, inner: V, names: Names) -> Watch<'t, V, FORM> {
        Watch {
            reader: self.with(inner),
            names,
        }
    }
}

/// A visitor with the names of the members that it may visit.
pub(super) struct Watch<'t, V, const FORM: bool> {
    reader: Reader<'t, V, FORM>,
    names: Names,
}

impl<'t, V, const FORM: bool> Watch<'t, V, FORM> {
    pub(super) const fn new(inner: V, trace: &'t Trace<FORM>, names: Names) -> Self {
        Self {
            reader: Reader::new(inner, trace),
            names,
        }
    }
}

impl<'de, S: DeserializeSeed<'de>, const FORM: bool> DeserializeSeed<'de> for Reader<'_, S, FORM> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let reader = self.with(deserializer);
        let read = self.inner.deserialize(reader);
        read.map_err(|wrong| self.trace.keep(wrong))
    }
}

macro_rules! deserialize {
    ($($method:ident($($argument:ident: $ty:ty),*) $names:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($argument: $ty,)* visitor: V) -> Result<V::Value, Self::Error> {
            let visitor = self.visitor(visitor, $names);
            let read = self.inner.$method($($argument,)* visitor);
            read.map_err(|error| self.trace.take(error))
        })*
    };
}

impl<'de, D: Deserializer<'de>, const FORM: bool> Deserializer<'de> for Reader<'_, D, FORM> {
    type Error = Wrong<FORM>;

    deserialize! {
        deserialize_any() None;
        deserialize_bool() None;
        deserialize_i8() None;
        deserialize_i16() None;
        deserialize_i32() None;
        deserialize_i64() None;
        deserialize_i128() None;
        deserialize_u8() None;
        deserialize_u16() None;
        deserialize_u32() None;
        deserialize_u64() None;
        deserialize_u128() None;
        deserialize_f32() None;
        deserialize_f64() None;
        deserialize_char() None;
        deserialize_str() None;
        deserialize_string() None;
        deserialize_bytes() None;
        deserialize_byte_buf() None;
        deserialize_option() None;
        deserialize_unit() None;
        deserialize_unit_struct(name: &'static str) None;
        deserialize_newtype_struct(name: &'static str) None;
        deserialize_seq() None;
        deserialize_tuple(len: usize) None;
        deserialize_tuple_struct(name: &'static str, len: usize) None;
        deserialize_map() None;
        deserialize_struct(name: &'static str, fields: &'static [&'static str]) Some(fields);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]) Some(variants);
        deserialize_identifier() None;
        deserialize_ignored_any() None;
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident($ty:ty);)*) => {
        $(fn $method<E: Error>(self, value: $ty) -> Result<V::Value, E> {
            let Reader { inner, trace, .. } = self.reader;
            inner.$method(value).map_err(|wrong| trace.keep(wrong))
        })*
    };
    // What a key can be.
    (key $($method:ident($ty:ty);)*) => {
        $(fn $method<E: Error>(self, value: $ty) -> Result<V::Value, E> {
            let Reader { inner, trace, key } = self.reader;
            if let Some(names) = key {
                trace.saw_key(value.as_ref(), names);
            }
            inner.$method(value).map_err(|wrong| trace.keep(wrong))
        })*
    };
    (nothing $($method:ident;)*) => {
        $(fn $method<E: Error>(self) -> Result<V::Value, E> {
            let Reader { inner, trace, .. } = self.reader;
            inner.$method().map_err(|wrong| trace.keep(wrong))
        })*
    };
    (inside $($method:ident;)*) => {
        $(fn $method<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
            let deserializer = self.reader.with(deserializer);
            let Reader { inner, trace, .. } = self.reader;
            inner.$method(deserializer).map_err(|wrong| trace.keep(wrong))
        })*
    };
}

impl<'de, V: Visitor<'de>, const FORM: bool> Visitor<'de> for Watch<'_, V, FORM> {
    type Value = V::Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.reader.inner.expecting(f)
    }

    visit! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }
    visit! { key
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
    }
    visit! { nothing
        visit_none;
        visit_unit;
    }
    visit! { inside
        visit_some;
        visit_newtype_struct;
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let Reader { inner, trace, .. } = self.reader;
        let read = inner.visit_seq(Items::new(items, trace));
        read.map_err(|wrong| trace.keep(wrong))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        let Reader { inner, trace, .. } = self.reader;
        let read = inner.visit_map(Members::new(members, trace, self.names));
        read.map_err(|wrong| trace.keep(wrong))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variants: A) -> Result<V::Value, A::Error> {
        let Reader { inner, trace, .. } = self.reader;
        let read = inner.visit_enum(Variants::new(variants, trace, self.names));
        read.map_err(|wrong| trace.keep(wrong))
    }
}
