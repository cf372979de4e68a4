//! A model of a schema, with the parts that matter for tokens.

use async_graphql::{
    Value,
    parser::types::{BaseType, Type},
};
use lunadefend_core::GrantDuration;
use std::collections::{BTreeMap, BTreeSet};

/// The scalar of [`UntrustedToken`](lunadefend_core::UntrustedToken) and
/// [`GrantedToken`](lunadefend_core::GrantedToken). Its name marks it.
pub(crate) const TOKEN_SCALAR: &str = "LunaToken";

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) query: String,
    pub(crate) mutation: Option<String>,
    pub(crate) subscription: Option<String>,
    pub(crate) types: BTreeMap<String, Kind>,
    /// The directives that clients may write into operations, with their arguments.
    pub(crate) directives: BTreeMap<String, BTreeMap<String, Input>>,
}

pub(crate) enum Kind {
    /// An object, an interface, or a union, which has no fields.
    Composite(Composite),
    InputObject(BTreeMap<String, Input>),
    /// A scalar that can hold a token: `String`, `ID`, `LunaToken`.
    Text,
    /// A type without text that a client chooses: numbers, booleans, enums, uploads.
    Plain,
    /// A scalar of the application. Only the application knows its content.
    Opaque,
}

#[derive(Default)]
pub(crate) struct Composite {
    pub(crate) fields: BTreeMap<String, Field>,
    pub(crate) implements: Vec<String>,
}

pub(crate) struct Field {
    pub(crate) ty: Type,
    pub(crate) mark: Option<Mark>,
    pub(crate) arguments: BTreeMap<String, Input>,
}

/// An argument, or a field of an input object.
pub(crate) struct Input {
    pub(crate) ty: Type,
    pub(crate) mark: Option<Mark>,
    pub(crate) default: Option<Value>,
    pub(crate) is_default_unreadable: bool,
    /// Whether the walk has to visit its value: it can contain a token, or a scalar that could hide one.
    pub(crate) is_walked: bool,
}

/// The directive `@token`, written or implied by the scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) duration: Option<GrantDuration>,
}

impl Model {
    pub(crate) fn composite(&self, name: &str) -> Option<&Composite> {
        match self.types.get(name)? {
            Kind::Composite(composite) => Some(composite),
            _ => None,
        }
    }

    pub(crate) fn field(&self, parent: &str, name: &str) -> Option<&Field> {
        self.composite(parent)?.fields.get(name)
    }

    /// Iterates over every argument and input field, by `Type.field(argument:)`, `Type.field` or
    /// `@directive(argument:)`.
    pub(crate) fn inputs(&self) -> Vec<(String, &Input)> {
        fn arguments<'a>(
            of: &str,
            arguments: &'a BTreeMap<String, Input>,
        ) -> impl Iterator<Item = (String, &'a Input)> {
            arguments
                .iter()
                .map(move |(name, input)| (format!("{of}({name}:)"), input))
        }

        let mut all = Vec::new();
        for (place, field) in self.outputs() {
            all.extend(arguments(&place, &field.arguments));
        }
        for (name, kind) in &self.types {
            if let Kind::InputObject(fields) = kind {
                let fields = fields.iter();
                all.extend(fields.map(|(field, input)| (format!("{name}.{field}"), input)));
            }
        }
        for (name, of_directive) in &self.directives {
            all.extend(arguments(&format!("@{name}"), of_directive));
        }
        all
    }

    /// Iterates over every field of an object or interface, by `Type.field`.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (String, &Field)> {
        let composites = self.types.iter().filter_map(|(name, kind)| match kind {
            Kind::Composite(composite) => Some((name, composite)),
            _ => None,
        });
        composites.flat_map(|(ty, composite)| {
            let fields = composite.fields.iter();
            fields.map(move |(name, field)| (format!("{ty}.{name}"), field))
        })
    }

    /// Finds the inputs that have to be walked: the marked ones, scalars of the application, and types that
    /// contain one of these at any depth. Input objects may contain themselves.
    pub(crate) fn settle(&mut self) {
        let mut walked = BTreeSet::new();
        loop {
            let found = self.types.iter().filter(|(name, kind)| {
                !walked.contains(name.as_str())
                    && match kind {
                        Kind::Opaque => true,
                        Kind::InputObject(fields) => fields
                            .values()
                            .any(|field| field.mark.is_some() || walked.contains(named(&field.ty))),
                        Kind::Composite(_) | Kind::Text | Kind::Plain => false,
                    }
            });
            let found: Vec<String> = found.map(|(name, _)| name.clone()).collect();
            if found.is_empty() {
                break;
            }
            walked.extend(found);
        }
        let settle = |input: &mut Input| {
            input.is_walked = input.mark.is_some() || walked.contains(named(&input.ty));
        };
        self.directives
            .values_mut()
            .flat_map(BTreeMap::values_mut)
            .for_each(settle);
        for kind in self.types.values_mut() {
            match kind {
                Kind::Composite(composite) => composite
                    .fields
                    .values_mut()
                    .flat_map(|field| field.arguments.values_mut())
                    .for_each(settle),
                Kind::InputObject(fields) => fields.values_mut().for_each(settle),
                Kind::Text | Kind::Plain | Kind::Opaque => {}
            }
        }
    }
}

/// Returns the name of a type without its lists and exclamation marks.
pub(crate) fn named(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => named(inner),
    }
}
