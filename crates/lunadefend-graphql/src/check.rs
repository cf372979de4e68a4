//! Checks that every directive of a schema is enforceable.

use crate::{
    model::{Field, Input, Kind, Mark, Model, named},
    problem::{Problem, SchemaError},
    registry::Reading,
};
use async_graphql::parser::types::Type;

/// Returns the model of a schema if every `@token` of it is enforceable.
pub(crate) fn check(reading: Reading) -> Result<Model, SchemaError> {
    let Reading {
        model,
        mut problems,
    } = reading;
    for (place, field) in model.outputs() {
        problems.extend(wrong_type(&model, &place, field.mark, &field.ty));
    }
    for (place, input) in model.inputs() {
        problems.extend(wrong_type(&model, &place, input.mark, &input.ty));
        if input.is_walked && input.is_default_unreadable {
            problems.push(Problem::new(place, "its default value cannot be read"));
        }
    }
    for (name, kind) in &model.types {
        if let Kind::Composite(composite) = kind {
            for interface in &composite.implements {
                for (field, own) in &composite.fields {
                    if let Some(theirs) = model.field(interface, field) {
                        problems.extend(disagreement(name, interface, field, own, theirs));
                    }
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(model)
    } else {
        Err(SchemaError::new(problems))
    }
}

fn wrong_type(model: &Model, place: &str, mark: Option<Mark>, ty: &Type) -> Option<Problem> {
    let is_text = matches!(model.types.get(named(ty)), Some(Kind::Text));
    (mark.is_some() && !is_text).then(|| {
        Problem::new(
            place,
            "`@token` goes where the type is `String`, `ID` or `LunaToken`, nullable or not, or lists of these",
        )
    })
}

/// Returns a problem if a field of an interface and of an implementing type have different marks. The walk
/// uses the type that the operation names, and either may resolve the field.
fn disagreement(
    ty: &str,
    interface: &str,
    name: &str,
    own: &Field,
    theirs: &Field,
) -> Option<Problem> {
    let mut arguments = own.arguments.iter();
    let same_arguments = arguments.all(|(argument, own)| {
        let theirs = theirs.arguments.get(argument);
        theirs.is_none_or(|theirs| is_walked_alike(own, theirs))
    });
    (own.mark != theirs.mark || !same_arguments).then(|| {
        Problem::new(
            format!("{ty}.{name}"),
            format!(
                "it and `{interface}.{name}` of the interface must have the same `@token`, and the same arguments where tokens come in"
            ),
        )
    })
}

fn is_walked_alike(one: &Input, other: &Input) -> bool {
    let is_walked = one.is_walked || other.is_walked;
    let is_marked = |input: &Input| input.mark.is_some();
    !is_walked
        || (is_marked(one) == is_marked(other)
            && named(&one.ty) == named(&other.ty)
            && one.default == other.default)
}
