//! The trust states as GraphQL types (feature `async-graphql`).
//!
//! An [`UntrustedToken`] is only an input and a [`GrantedToken`] only an output; both are the scalar
//! `LunaToken`. A [`VerifiedToken`](crate::VerifiedToken) is neither, so a field can neither take an
//! unverified token nor return an ungranted one.
//!
//! These traits have async-graphql's registry, a hidden API, in their signatures; this module does not look
//! into it.

use crate::{
    Error, ErrorKind, FromUntrusted, GrantedToken, UntrustedToken, Unverified,
    tokens::private::Plain,
    trust::{Verify, VerifyCollector, VerifyProof},
};
use async_graphql::{
    ContextSelectionSet, InputType, InputValueError, InputValueResult, MaybeUndefined, OutputType,
    Positioned, Scalar, ScalarType, ServerResult, Value, parser::types::Field, registry::Registry,
};
use std::borrow::Cow;

struct LunaToken;

/// A token of LunaDefend, `lunasec-<uuid>`: what comes in is verified for the session of the request,
/// what goes out is granted to it.
#[Scalar(name = "LunaToken")]
impl ScalarType for LunaToken {
    fn parse(_: Value) -> InputValueResult<Self> {
        // Only the schema type is used.
        Err(bad_token())
    }

    fn is_valid(value: &Value) -> bool {
        matches!(value, Value::String(_))
    }

    fn to_value(&self) -> Value {
        Value::Null
    }
}

/// Async-graphql's own error would repeat the value.
fn bad_token<T: InputType>() -> InputValueError<T> {
    let error = Error::new(ErrorKind::BadToken);
    InputValueError::custom(error.message()).with_extension("code", error.name())
}

impl InputType for UntrustedToken {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <LunaToken as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <LunaToken as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(Value::String(text)) => Self::parse(&text).map_err(|_| bad_token()),
            _ => Err(bad_token()),
        }
    }

    /// `null`: an untrusted token cannot be read.
    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl OutputType for GrantedToken {
    fn type_name() -> Cow<'static, str> {
        <LunaToken as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <LunaToken as OutputType>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        _: &ContextSelectionSet<'_>,
        _: &Positioned<Field>,
    ) -> ServerResult<Value> {
        Ok(Value::String(self.expose_id().to_owned()))
    }
}

/// Its schema type is that of the wire form: write `#[tokens(graphql)]` beside `#[derive(Tokens)]`.
impl<T> InputType for Unverified<T>
where
    T: FromUntrusted,
    T::Wire: InputType,
{
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        T::Wire::type_name()
    }

    fn qualified_type_name() -> String {
        T::Wire::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::Wire::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        <T::Wire as InputType>::parse(value)
            .map(Self::new)
            .map_err(InputValueError::propagate)
    }

    /// `null`: what came in can be verified, and nothing else.
    fn to_value(&self) -> Value {
        Value::Null
    }

    fn federation_fields() -> Option<String> {
        T::Wire::federation_fields()
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// In the schema, an optional token is like an `Option`, and a list of tokens like a `Vec`.
macro_rules! input_like {
    ($container:ident, (W $(, $parameter:ident)*) $wire:ty) => {
        impl<W: async_graphql::InputType $(, $parameter: Send + Sync)*> async_graphql::InputType for $wire {
            type RawValueType = Self;

            fn type_name() -> std::borrow::Cow<'static, str> {
                <$container<W> as async_graphql::InputType>::type_name()
            }

            fn qualified_type_name() -> String {
                <$container<W> as async_graphql::InputType>::qualified_type_name()
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                <$container<W> as async_graphql::InputType>::create_type_info(registry)
            }

            fn parse(value: Option<async_graphql::Value>) -> async_graphql::InputValueResult<Self> {
                <$container<W> as async_graphql::InputType>::parse(value)
                    .map(Self::from)
                    .map_err(async_graphql::InputValueError::propagate)
            }

            /// `null`: what came in can be verified, and nothing else.
            fn to_value(&self) -> async_graphql::Value {
                async_graphql::Value::Null
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }
    };
}
pub(crate) use input_like;

/// GraphQL's type to distinguish an absent field from `null`; for JSON, use [`Patch`](crate::Patch).
impl<T: Verify> Verify for MaybeUndefined<T> {
    type Verified = MaybeUndefined<T::Verified>;

    fn collect(&self, tokens: &mut VerifyCollector) {
        if let Self::Value(value) = self {
            value.collect(tokens);
        }
    }

    fn upgrade(self, proof: &VerifyProof) -> Result<Self::Verified, Error> {
        Ok(match self {
            Self::Undefined => MaybeUndefined::Undefined,
            Self::Null => MaybeUndefined::Null,
            Self::Value(value) => MaybeUndefined::Value(value.upgrade(proof)?),
        })
    }
}

impl<T: FromUntrusted> FromUntrusted for MaybeUndefined<T> {
    type Wire = MaybeUndefined<T::Wire>;
}

// A field without tokens of a type with `#[tokens(graphql)]`.

impl<T: InputType, Way: Send + Sync> InputType for Plain<T, Way> {
    type RawValueType = T::RawValueType;

    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        T::parse(value)
            .map(Self::new)
            .map_err(InputValueError::propagate)
    }

    fn to_value(&self) -> Value {
        (**self).to_value()
    }

    fn federation_fields() -> Option<String> {
        T::federation_fields()
    }

    fn as_raw_value(&self) -> Option<&T::RawValueType> {
        (**self).as_raw_value()
    }
}

impl<T: OutputType, Way: Send + Sync> OutputType for Plain<T, Way> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        (**self).introspection_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        (**self).resolve(context, field).await
    }
}

/// For `#[graphql(default)]`.
impl<T: Default, Way> Default for Plain<T, Way> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_text_of_a_token_is_one_and_nothing_is_echoed() {
        let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
        let parse = <UntrustedToken as InputType>::parse;
        let parsed = parse(Some(token.into())).unwrap();
        assert_eq!(InputType::to_value(&parsed), Value::Null);
        for bad in [
            None,
            Some(Value::Null),
            Some("".into()),
            Some("4111111111111111".into()),
            Some(4111.into()),
            Some(Value::List(vec![token.into()])),
            Some(Value::Enum(async_graphql::Name::new("lunasec"))),
        ] {
            let error = parse(bad)
                .err()
                .unwrap()
                .into_server_error(Default::default());
            assert!(error.message.contains("not a token"), "{}", error.message);
            assert!(!error.message.contains("4111"), "{}", error.message);
            let code = error.extensions.unwrap().get("code").cloned();
            assert_eq!(code, Some("badToken".into()));
        }
    }
}
