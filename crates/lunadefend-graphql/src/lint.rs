//! Finds fields that look like tokens and have no `@token`.

use crate::{
    model::{Kind, Mark, Model, named},
    read_schema::ReadSchema,
    registry,
    schema::read,
};
use async_graphql::{ObjectType, Schema, SubscriptionType, parser::types::Type};
use std::fmt;

/// A finding of [`lint`]: a place of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    place: String,
    kind: FindingKind,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// The name or the type has "token" in it, and `@token` is missing.
    Unmarked,
    /// The place has a `@token`, and the schema does not enforce it.
    Unenforced,
}

impl Finding {
    /// Returns the place: `Type.field` or `Type.field(argument:)`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns the kind of the finding.
    #[must_use]
    pub const fn kind(&self) -> FindingKind {
        self.kind
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match self.kind {
            FindingKind::Unmarked => write!(f, "{place} says token and has no `@token`"),
            FindingKind::Unenforced => write!(f, "`@token` of {place} is not enforced"),
        }
    }
}

/// Lists every field, argument and input field that could hold a token, has "token" in its name or type, and
/// has no `@token`. In a schema that does not pass [`check`](crate::check()), it also lists every `@token`.
///
/// Call it in a test or at the start of an application. Not every finding is a mistake, for example a
/// `nextPageToken`: filter by [`Finding::place`].
///
/// ```
/// # use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
/// use lunadefend_graphql::lint;
/// # struct Query;
/// # #[Object]
/// # impl Query { async fn ssn_token(&self) -> String { String::new() } }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
///
/// let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
/// let found: Vec<String> = lint(&schema).await.iter().map(ToString::to_string).collect();
/// assert_eq!(found, ["Query.ssnToken says token and has no `@token`"]);
/// # }
/// ```
pub async fn lint<Query, Mutation, Subscription>(
    schema: &Schema<Query, Mutation, Subscription>,
) -> Vec<Finding>
where
    Query: ObjectType + 'static,
    Mutation: ObjectType + 'static,
    Subscription: SubscriptionType + 'static,
{
    let read = read(schema).await;
    match read.as_ref().and_then(ReadSchema::model) {
        Some(model) => findings(model, true),
        None => findings(&registry::of_types(schema).model, false),
    }
}

fn findings(model: &Model, is_enforced: bool) -> Vec<Finding> {
    let outputs = model.outputs();
    let outputs = outputs.map(|(place, field)| (place, field.mark, &field.ty));
    let inputs = model.inputs().into_iter();
    let inputs = inputs.map(|(place, input)| (place, input.mark, &input.ty));
    let findings = outputs.chain(inputs).filter_map(|(place, mark, ty)| {
        let kind = finding(model, &place, mark, ty, is_enforced)?;
        Some(Finding { place, kind })
    });
    findings.collect()
}

fn finding(
    model: &Model,
    place: &str,
    mark: Option<Mark>,
    ty: &Type,
    is_enforced: bool,
) -> Option<FindingKind> {
    // async-graphql's own types: introspection, federation, directives.
    if place.starts_with(['_', '@']) {
        return None;
    }
    if mark.is_some() {
        return (!is_enforced).then_some(FindingKind::Unenforced);
    }
    let ty = named(ty);
    let can_hold = matches!(model.types.get(ty), Some(Kind::Text | Kind::Opaque));
    let name = place.rsplit(['.', '(']).next().unwrap_or(place);
    (can_hold && (says_token(name) || says_token(ty))).then_some(FindingKind::Unmarked)
}

fn says_token(name: &str) -> bool {
    name.to_ascii_lowercase().contains("token")
}
