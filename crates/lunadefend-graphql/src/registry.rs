//! Reads async-graphql's registry of types, a hidden API that may change: only this file uses it.

use crate::{
    model::{Composite, Field, Input, Kind, Mark, Model, TOKEN_SCALAR, named},
    problem::Problem,
};
use async_graphql::{
    ObjectType, OutputType, Schema, SubscriptionType, Value,
    extensions::ExtensionContext,
    indexmap::IndexMap,
    parser::{
        parse_query,
        types::{Selection, Type},
    },
    registry::{MetaDirectiveInvocation, MetaField, MetaInputValue, MetaType, Registry},
};
use lunadefend_core::GrantDuration;
use std::collections::BTreeMap;

/// The name of the directive, as async-graphql's macro spells it.
const DIRECTIVE: &str = "token";

/// A schema with its unenforceable places.
pub(crate) struct Reading {
    pub(crate) model: Model,
    pub(crate) problems: Vec<Problem>,
}

/// Reads the schema that an extension runs in.
pub(crate) fn of_extension(context: &ExtensionContext<'_>) -> Reading {
    read(&context.schema_env.registry)
}

/// Reads a schema from its types, for a schema without the extension.
pub(crate) fn of_types<Q, M, S>(_: &Schema<Q, M, S>) -> Reading
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let mut registry = Registry {
        query_type: <Q as OutputType>::type_name().into_owned(),
        ..Registry::default()
    };
    <Q as OutputType>::create_type_info(&mut registry);
    <M as OutputType>::create_type_info(&mut registry);
    <S as SubscriptionType>::create_type_info(&mut registry);
    read(&registry)
}

fn read(registry: &Registry) -> Reading {
    let mut reader = Reader {
        problems: Vec::new(),
    };
    let mut model = Model {
        query: registry.query_type.clone(),
        mutation: registry.mutation_type.clone(),
        subscription: registry.subscription_type.clone(),
        ..Model::default()
    };
    for (name, ty) in &registry.types {
        let mut kind = reader.kind(name, ty);
        if let (Kind::Composite(composite), Some(interfaces)) =
            (&mut kind, registry.implements.get(name))
        {
            composite.implements = interfaces.iter().cloned().collect();
        }
        model.types.insert(name.clone(), kind);
    }
    for directive in registry.directives.values() {
        let arguments = reader.arguments(&format!("@{}", directive.name), &directive.args);
        model.directives.insert(directive.name.clone(), arguments);
    }
    model.settle();
    Reading {
        model,
        problems: reader.problems,
    }
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn kind(&mut self, name: &str, ty: &MetaType) -> Kind {
        match ty {
            MetaType::Object {
                fields,
                directive_invocations,
                ..
            }
            | MetaType::Interface {
                fields,
                directive_invocations,
                ..
            } => {
                self.on_type(name, directive_invocations);
                Kind::Composite(Composite {
                    fields: self.each(name, fields, Self::field),
                    implements: Vec::new(),
                })
            }
            MetaType::Union {
                directive_invocations,
                ..
            } => {
                self.on_type(name, directive_invocations);
                Kind::Composite(Composite::default())
            }
            MetaType::InputObject {
                input_fields,
                directive_invocations,
                ..
            } => {
                self.on_type(name, directive_invocations);
                Kind::InputObject(self.each(name, input_fields, Self::input))
            }
            MetaType::Enum {
                enum_values,
                directive_invocations,
                ..
            } => {
                self.on_type(name, directive_invocations);
                for (value, meta) in enum_values {
                    self.on_type(&format!("{name}.{value}"), &meta.directive_invocations);
                }
                Kind::Plain
            }
            MetaType::Scalar {
                directive_invocations,
                ..
            } => {
                self.on_type(name, directive_invocations);
                match name {
                    "String" | "ID" | TOKEN_SCALAR => Kind::Text,
                    "Int" | "Float" | "Boolean" | "Upload" => Kind::Plain,
                    _ => Kind::Opaque,
                }
            }
        }
    }

    fn each<M, T>(
        &mut self,
        parent: &str,
        members: &IndexMap<String, M>,
        read: fn(&mut Self, &str, &M) -> Option<T>,
    ) -> BTreeMap<String, T> {
        let members = members.iter().filter_map(|(name, member)| {
            let member = read(self, &format!("{parent}.{name}"), member)?;
            Some((name.clone(), member))
        });
        members.collect()
    }

    fn field(&mut self, place: &str, field: &MetaField) -> Option<Field> {
        let ty = self.ty(place, &field.ty)?;
        Some(Field {
            arguments: self.arguments(place, &field.args),
            mark: self.mark(place, &ty, &field.directive_invocations),
            ty,
        })
    }

    fn arguments(
        &mut self,
        place: &str,
        arguments: &IndexMap<String, MetaInputValue>,
    ) -> BTreeMap<String, Input> {
        let arguments = arguments.iter().filter_map(|(name, argument)| {
            let argument = self.input(&format!("{place}({name}:)"), argument)?;
            Some((name.clone(), argument))
        });
        arguments.collect()
    }

    fn input(&mut self, place: &str, input: &MetaInputValue) -> Option<Input> {
        let ty = self.ty(place, &input.ty)?;
        let default = input.default_value.as_deref().map(constant);
        Some(Input {
            mark: self.mark(place, &ty, &input.directive_invocations),
            is_default_unreadable: matches!(default, Some(None)),
            default: default.flatten(),
            is_walked: false,
            ty,
        })
    }

    fn ty(&mut self, place: &str, text: &str) -> Option<Type> {
        let ty = Type::new(text);
        if ty.is_none() {
            self.problem(place, "its type cannot be read");
        }
        ty
    }

    fn mark(
        &mut self,
        place: &str,
        ty: &Type,
        directives: &[MetaDirectiveInvocation],
    ) -> Option<Mark> {
        let mut marks = directives.iter().filter(|d| d.name == DIRECTIVE);
        let Some(directive) = marks.next() else {
            return (named(ty) == TOKEN_SCALAR).then_some(Mark { duration: None });
        };
        if marks.next().is_some() {
            self.problem(place, "`@token` stands there twice");
        }
        let mut duration = None;
        for (name, value) in &directive.args {
            match (name.as_str(), value) {
                ("duration", Value::Null) => {}
                ("duration", Value::String(text)) => match text.parse::<GrantDuration>() {
                    Ok(parsed) => duration = Some(parsed),
                    Err(error) => self.problem(place, format!("the duration of `@token`: {error}")),
                },
                ("duration", _) => self.problem(place, "the duration of `@token` is a string"),
                _ => self.problem(place, "`@token` has one argument, `duration`"),
            }
        }
        Some(Mark { duration })
    }

    /// async-graphql's macros allow the directive on fields and arguments only; a dynamic schema can have it
    /// anywhere.
    fn on_type(&mut self, place: &str, directives: &[MetaDirectiveInvocation]) {
        if directives.iter().any(|d| d.name == DIRECTIVE) {
            self.problem(place, "`@token` goes on fields and arguments");
        }
    }

    fn problem(&mut self, place: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(place, message));
    }
}

/// Reads the text of a default value.
fn constant(text: &str) -> Option<Value> {
    let document = parse_query(format!("{{a(b:{text})}}")).ok()?;
    let (_, operation) = document.operations.iter().next()?;
    match &operation.node.selection_set.node.items.first()?.node {
        Selection::Field(field) => {
            let (_, value) = field.node.arguments.first()?;
            value.node.clone().into_const()
        }
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
    }
}
