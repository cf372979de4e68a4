//! Access to the content of a list, a map or an enum, one step further along the path.

use super::{
    path::{Step, Trace},
    watch::{Names, Reader, Watch},
    wrong::Wrong,
};
use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

pub(super) struct Items<'t, A, const FORM: bool> {
    inner: A,
    trace: &'t Trace<FORM>,
    next: usize,
}

impl<'t, A, const FORM: bool> Items<'t, A, FORM> {
    pub(super) const fn new(inner: A, trace: &'t Trace<FORM>) -> Self {
        Self {
            inner,
            trace,
            next: 0,
        }
    }
}

impl<'de, A: SeqAccess<'de>, const FORM: bool> SeqAccess<'de> for Items<'_, A, FORM> {
    type Error = Wrong<FORM>;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let Self { inner, trace, next } = self;
        let step = Step::Item(*next);
        *next += 1;
        trace.within(Some(step), || {
            let read = inner.next_element_seed(Reader::new(seed, trace));
            read.map_err(|error| trace.take(error))
        })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

pub(super) struct Members<'t, A, const FORM: bool> {
    inner: A,
    trace: &'t Trace<FORM>,
    names: Names,
    next: Option<Step>,
}

impl<'t, A, const FORM: bool> Members<'t, A, FORM> {
    pub(super) const fn new(inner: A, trace: &'t Trace<FORM>, names: Names) -> Self {
        Self {
            inner,
            trace,
            names,
            next: None,
        }
    }
}

impl<'de, A: MapAccess<'de>, const FORM: bool> MapAccess<'de> for Members<'_, A, FORM> {
    type Error = Wrong<FORM>;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let seed = Reader::of_key(seed, self.trace, self.names);
        let read = self.inner.next_key_seed(seed);
        let key = self.trace.take_key().map(Step::Name);
        self.next = match self.names {
            // An unknown member has no step.
            Some(_) => key,
            None => Some(Step::Key),
        };
        read.map_err(|error| self.trace.take(error))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, Self::Error> {
        let Self {
            inner, trace, next, ..
        } = self;
        trace.within(next.take(), || {
            let read = inner.next_value_seed(Reader::new(seed, trace));
            read.map_err(|error| trace.take(error))
        })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// An enum, and then the content of its variant.
pub(super) struct Variants<'t, A, const FORM: bool> {
    inner: A,
    trace: &'t Trace<FORM>,
    names: Names,
}

impl<'t, A, const FORM: bool> Variants<'t, A, FORM> {
    pub(super) const fn new(inner: A, trace: &'t Trace<FORM>, names: Names) -> Self {
        Self {
            inner,
            trace,
            names,
        }
    }
}

impl<'de, 't, A: EnumAccess<'de>, const FORM: bool> EnumAccess<'de> for Variants<'t, A, FORM> {
    type Error = Wrong<FORM>;
    type Variant = Content<'t, A::Variant, FORM>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), Self::Error> {
        let trace = self.trace;
        let read = self
            .inner
            .variant_seed(Reader::of_key(seed, trace, self.names));
        let step = trace.take_key().map(Step::Name);
        let (value, inner) = read.map_err(|error| trace.take(error))?;
        Ok((value, Content { inner, trace, step }))
    }
}

pub(super) struct Content<'t, A, const FORM: bool> {
    inner: A,
    trace: &'t Trace<FORM>,
    step: Option<Step>,
}

impl<'de, A: VariantAccess<'de>, const FORM: bool> VariantAccess<'de> for Content<'_, A, FORM> {
    type Error = Wrong<FORM>;

    fn unit_variant(self) -> Result<(), Self::Error> {
        let Self { inner, trace, step } = self;
        trace.within(step, || {
            inner.unit_variant().map_err(|error| trace.take(error))
        })
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, Self::Error> {
        let Self { inner, trace, step } = self;
        trace.within(step, || {
            let read = inner.newtype_variant_seed(Reader::new(seed, trace));
            read.map_err(|error| trace.take(error))
        })
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Self { inner, trace, step } = self;
        trace.within(step, || {
            let read = inner.tuple_variant(len, Watch::new(visitor, trace, None));
            read.map_err(|error| trace.take(error))
        })
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let Self { inner, trace, step } = self;
        trace.within(step, || {
            let read = inner.struct_variant(fields, Watch::new(visitor, trace, Some(fields)));
            read.map_err(|error| trace.take(error))
        })
    }
}
