//! The tokens in an operation's input, found by walking the operation along the schema.
//!
//! The walk covers all values that async-graphql passes to resolvers. It fills in variables, their defaults
//! and the defaults of the schema, takes a single value where a list is expected, and covers every fragment.
//! A value that does not match the schema is refused, never passed over. async-graphql's validation, which
//! runs first, says in detail what is wrong with it.

use crate::model::{Input, Kind, Model, named};
use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{
        BaseType, Directive, DocumentOperations, ExecutableDocument, Field, OperationDefinition,
        OperationType, Selection, SelectionSet, Type,
    },
};
use async_graphql_value::Value as WrittenValue;
use lunadefend_core::{Error, ErrorKind, provider::TokenId};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The maximum number of values that one walk visits. Aliases and fragments can name one variable many times,
/// so that a short text is a long walk.
const MAX_VALUES: usize = 100_000;

/// The maximum nesting of selections and values. async-graphql has its own limits, which another extension
/// may bypass, and a default of the schema may contain itself.
const MAX_DEPTH: usize = 128;

/// The operation of a request that is executed.
pub(crate) struct Operation<'a> {
    pub(crate) definition: &'a OperationDefinition,
    pub(crate) document: &'a ExecutableDocument,
}

impl<'a> Operation<'a> {
    /// Chooses it like async-graphql. `None` where async-graphql will refuse the request.
    pub(crate) fn find(document: &'a ExecutableDocument, name: Option<&str>) -> Option<Self> {
        let definition = match (&document.operations, name) {
            (DocumentOperations::Single(operation), None) => operation,
            (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name)?,
            (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
                operations.values().next()?
            }
            _ => return None,
        };
        Some(Self {
            definition: &definition.node,
            document,
        })
    }

    /// Returns the values of its variables, with their defaults. Of two variables with one name async-graphql
    /// takes the first, if its validation does not refuse them.
    pub(crate) fn variables(&self, given: &Variables) -> HashMap<Name, Value> {
        let mut values = HashMap::new();
        for definition in self.definition.variable_definitions.iter().rev() {
            let name = &definition.node.name.node;
            let value = given.get(name);
            let value = value.or_else(|| definition.node.default_value());
            match value {
                Some(value) => values.insert(name.clone(), value.clone()),
                None => values.remove(name),
            };
        }
        values
    }

    /// Returns the type of its root.
    pub(crate) fn root<'m>(&self, model: &'m Model) -> Option<&'m str> {
        match self.definition.ty {
            OperationType::Query => Some(&model.query),
            OperationType::Mutation => model.mutation.as_deref(),
            OperationType::Subscription => model.subscription.as_deref(),
        }
    }
}

/// The tokens of an operation.
#[derive(Default)]
pub(crate) struct Found {
    /// Tokens in arguments of the root's fields. A subscription uses them once, when it begins.
    pub(crate) at_root: Vec<TokenId>,
    /// Tokens in arguments below the root, which a subscription uses with each event.
    pub(crate) below: Vec<TokenId>,
    /// Whether it selects a field whose tokens are granted.
    pub(crate) has_marked_fields: bool,
}

/// Walks a whole operation.
///
/// # Errors
/// [`ErrorKind::BadToken`] for a value that is not a token, [`ErrorKind::BadRequest`] for a value that does
/// not match the schema, and for an operation that is too large.
pub(crate) fn of_operation(
    model: &Model,
    operation: &Operation<'_>,
    variables: &HashMap<Name, Value>,
) -> Result<Found, Error> {
    let mut walk = Walk {
        values: Values::new(model, variables),
        operation,
        fragments: HashSet::new(),
        at_root: Vec::new(),
        has_marked_fields: false,
    };
    let root = operation.root(model).ok_or_else(unmatched)?;
    walk.values.directives(&operation.definition.directives)?;
    walk.selections(root, &operation.definition.selection_set.node, true)?;
    Ok(Found {
        at_root: walk.at_root,
        below: walk.values.tokens,
        has_marked_fields: walk.has_marked_fields,
    })
}

/// Returns the tokens in the arguments of one field.
///
/// # Errors
/// As for [`of_operation`].
pub(crate) fn of_field(
    model: &Model,
    arguments: &BTreeMap<String, Input>,
    field: &Field,
    variables: &HashMap<Name, Value>,
) -> Result<Vec<TokenId>, Error> {
    let mut values = Values::new(model, variables);
    values.arguments(arguments, &field.arguments)?;
    Ok(values.tokens)
}

struct Walk<'a> {
    values: Values<'a>,
    operation: &'a Operation<'a>,
    /// The fragments already walked, once for the root and once below: their content depends on nothing else.
    fragments: HashSet<(&'a str, bool)>,
    at_root: Vec<TokenId>,
    has_marked_fields: bool,
}

impl<'a> Walk<'a> {
    fn selections(
        &mut self,
        parent: &str,
        selections: &'a SelectionSet,
        is_root: bool,
    ) -> Result<(), Error> {
        self.values.enter()?;
        for selection in &selections.items {
            // Fields that `@skip` and `@include` leave out are verified too, so that no check depends on
            // reading these directives right.
            self.values.directives(selection.node.directives())?;
            match &selection.node {
                Selection::Field(field) => self.field(parent, &field.node, is_root)?,
                Selection::FragmentSpread(spread) => {
                    let name = spread.node.fragment_name.node.as_str();
                    let fragments = &self.operation.document.fragments;
                    let fragment = &fragments.get(name).ok_or_else(unmatched)?.node;
                    if self.fragments.insert((name, is_root)) {
                        self.values.directives(&fragment.directives)?;
                        let ty = fragment.type_condition.node.on.node.as_str();
                        self.selections(ty, &fragment.selection_set.node, is_root)?;
                    }
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let ty = condition.map_or(parent, |condition| &condition.node.on.node);
                    self.selections(ty, &fragment.node.selection_set.node, is_root)?;
                }
            }
        }
        self.values.leave();
        Ok(())
    }

    fn field(&mut self, parent: &str, field: &'a Field, is_root: bool) -> Result<(), Error> {
        let name = field.name.node.as_str();
        let model = self.values.model;
        let known = match model.field(parent, name) {
            Some(known) => known,
            // async-graphql itself resolves these: `__typename`, and introspection where it is off.
            None if name.starts_with("__") => return Ok(()),
            None => return Err(unmatched()),
        };
        self.has_marked_fields |= known.mark.is_some();
        self.values.arguments(&known.arguments, &field.arguments)?;
        if is_root {
            self.at_root.append(&mut self.values.tokens);
        }
        self.selections(named(&known.ty), &field.selection_set.node, false)
    }
}

/// Walks values along their types.
struct Values<'a> {
    model: &'a Model,
    variables: &'a HashMap<Name, Value>,
    tokens: Vec<TokenId>,
    values_left: usize,
    depth_left: usize,
}

impl<'a> Values<'a> {
    fn new(model: &'a Model, variables: &'a HashMap<Name, Value>) -> Self {
        Self {
            model,
            variables,
            tokens: Vec::new(),
            values_left: MAX_VALUES,
            depth_left: MAX_DEPTH,
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), Error> {
        for directive in directives {
            let known = self.model.directives.get(directive.node.name.node.as_str());
            self.arguments(known.ok_or_else(unmatched)?, &directive.node.arguments)?;
        }
        Ok(())
    }

    fn arguments(
        &mut self,
        known: &BTreeMap<String, Input>,
        given: &[(Positioned<Name>, Positioned<WrittenValue>)],
    ) -> Result<(), Error> {
        for (name, value) in given {
            let input = known.get(name.node.as_str()).ok_or_else(unmatched)?;
            if input.is_walked {
                let variables = self.variables;
                let value = value.node.clone();
                let value = value
                    .into_const_with(|name| variables.get(&name).cloned().ok_or_else(unmatched))?;
                self.value(&input.ty, input.mark.is_some(), &value)?;
            }
        }
        let is_given = |name: &str| given.iter().any(|(given, _)| given.node.as_str() == name);
        self.defaults(known, is_given)
    }

    fn defaults(
        &mut self,
        known: &BTreeMap<String, Input>,
        is_given: impl Fn(&str) -> bool,
    ) -> Result<(), Error> {
        for (name, input) in known {
            if let Some(default) = &input.default
                && input.is_walked
                && !is_given(name)
            {
                self.value(&input.ty, input.mark.is_some(), default)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, ty: &Type, is_marked: bool, value: &Value) -> Result<(), Error> {
        self.enter()?;
        match (&ty.base, value) {
            (_, Value::Null) => Ok(()),
            (BaseType::List(inner), Value::List(items)) => items
                .iter()
                .try_for_each(|item| self.value(inner, is_marked, item)),
            (BaseType::List(inner), single) => self.value(inner, is_marked, single),
            (BaseType::Named(name), value) => match self.model.types.get(name.as_str()) {
                Some(Kind::Text) if is_marked => self.token(value),
                Some(Kind::Text | Kind::Plain) => Ok(()),
                Some(Kind::Opaque) => self.opaque(value),
                Some(Kind::InputObject(known)) => {
                    let Value::Object(given) = value else {
                        return Err(unmatched());
                    };
                    for (name, value) in given {
                        let input = known.get(name.as_str()).ok_or_else(unmatched)?;
                        if input.is_walked {
                            self.value(&input.ty, input.mark.is_some(), value)?;
                        }
                    }
                    self.defaults(known, |name| given.contains_key(name))
                }
                Some(Kind::Composite(_)) | None => Err(unmatched()),
            },
        }?;
        self.leave();
        Ok(())
    }

    fn token(&mut self, value: &Value) -> Result<(), Error> {
        let Value::String(text) = value else {
            return Err(ErrorKind::BadToken.into());
        };
        self.tokens.push(TokenId::parse(text)?);
        Ok(())
    }

    /// A scalar that only the application can read must not hide a token from the walk.
    fn opaque(&mut self, value: &Value) -> Result<(), Error> {
        self.enter()?;
        match value {
            Value::String(text) => no_token(text),
            Value::List(items) => items.iter().try_for_each(|item| self.opaque(item)),
            Value::Object(members) => members.iter().try_for_each(|(name, member)| {
                no_token(name)?;
                self.opaque(member)
            }),
            _ => Ok(()),
        }?;
        self.leave();
        Ok(())
    }

    fn enter(&mut self) -> Result<(), Error> {
        let left = (self.values_left.checked_sub(1)).zip(self.depth_left.checked_sub(1));
        (self.values_left, self.depth_left) = left.ok_or_else(|| {
            Error::new(ErrorKind::BadRequest).with_message(
                "the operation is too large, or nested too deep, to look for tokens in",
            )
        })?;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth_left += 1;
    }
}

fn no_token(text: &str) -> Result<(), Error> {
    if TokenId::parse(text).is_err() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::BadRequest).with_message(
        "a token stands where it would not be verified, in a scalar of the application",
    ))
}

fn unmatched() -> Error {
    Error::new(ErrorKind::BadRequest).with_message("the operation does not match the schema")
}
