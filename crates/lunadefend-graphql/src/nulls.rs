//! Removes fields from a response as GraphQL does when a field fails. The field becomes `null`, or, where its
//! type does not allow that, the nearest nullable parent does.

use crate::{
    inputs::Operation,
    model::{Model, named},
};
use async_graphql::{
    PathSegment, Value,
    parser::types::{BaseType, Field, Selection, SelectionSet, Type},
};
use std::collections::{HashMap, HashSet};

/// Replaces the value at each of `paths` in the data of a response.
///
/// If a path leads to no value, no data is sent. This happens in a response about federated entities, from
/// whose paths async-graphql omits the indexes.
pub(crate) fn take_out(
    data: &mut Value,
    model: &Model,
    operation: &Operation<'_>,
    paths: &[&[PathSegment]],
) {
    let is_found = paths.iter().all(|path| is_there(data, path));
    if let (true, Some(root)) = (is_found, operation.root(model)) {
        let nulls = Nulls { model, operation };
        let selections = [(root, &operation.definition.selection_set.node)];
        nulls.object(data, &selections, &Marked::all(paths));
    }
    if !is_found || paths.iter().any(|path| is_there(data, path)) {
        *data = Value::Null;
    }
}

/// Paths by their first segments.
#[derive(Default)]
struct Marked<'a> {
    is_end: bool,
    members: HashMap<&'a str, Self>,
    items: HashMap<usize, Self>,
}

impl<'a> Marked<'a> {
    fn all(paths: &[&'a [PathSegment]]) -> Self {
        let mut all = Self::default();
        for path in paths {
            let end = path.iter().fold(&mut all, |at, segment| match segment {
                PathSegment::Field(name) => at.members.entry(name).or_default(),
                PathSegment::Index(index) => at.items.entry(*index).or_default(),
            });
            end.is_end = true;
        }
        all
    }
}

fn is_there(value: &Value, path: &[PathSegment]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return *value != Value::Null;
    };
    let inner = match (value, first) {
        (Value::Object(members), PathSegment::Field(name)) => members.get(name.as_str()),
        (Value::List(items), PathSegment::Index(index)) => items.get(*index),
        _ => None,
    };
    inner.is_some_and(|inner| is_there(inner, rest))
}

/// Selections, each with its type.
type On<'a> = (&'a str, &'a SelectionSet);

struct Nulls<'a> {
    model: &'a Model,
    operation: &'a Operation<'a>,
}

impl<'a> Nulls<'a> {
    /// `types` are the types that the selections give the value; more than one for selections on types that
    /// exclude each other.
    fn value(
        &self,
        value: &mut Value,
        types: &[&'a Type],
        selections: &[On<'a>],
        marked: &Marked<'_>,
    ) {
        if marked.is_end {
            *value = Value::Null;
        } else if let Value::List(items) = value {
            let inner = types.iter().filter_map(|ty| match &ty.base {
                BaseType::List(inner) => Some(&**inner),
                BaseType::Named(_) => None,
            });
            let inner: Vec<&Type> = inner.collect();
            let mut is_null = false;
            for (index, below) in &marked.items {
                if let Some(item) = items.get_mut(*index) {
                    self.value(item, &inner, selections, below);
                    is_null |= *item == Value::Null && !is_nullable(&inner);
                }
            }
            if is_null {
                *value = Value::Null;
            }
        } else {
            self.object(value, selections, marked);
        }
    }

    fn object(&self, value: &mut Value, selections: &[On<'a>], marked: &Marked<'_>) {
        let Value::Object(members) = value else {
            return;
        };
        let mut is_null = false;
        for (name, below) in &marked.members {
            let Some(member) = members.get_mut(*name) else {
                continue;
            };
            let mut fields = Vec::new();
            self.fields(selections, name, &mut HashSet::new(), &mut fields);
            let mut types = Vec::new();
            let mut inner = Vec::new();
            for (parent, field) in fields {
                if let Some(known) = self.model.field(parent, &field.name.node) {
                    types.push(&known.ty);
                    inner.push((named(&known.ty), &field.selection_set.node));
                }
            }
            self.value(member, &types, &inner, below);
            is_null |= *member == Value::Null && !is_nullable(&types);
        }
        if is_null {
            *value = Value::Null;
        }
    }

    /// Returns every field with this response key.
    fn fields(
        &self,
        selections: &[On<'a>],
        name: &str,
        fragments: &mut HashSet<&'a str>,
        found: &mut Vec<(&'a str, &'a Field)>,
    ) {
        for (parent, set) in selections {
            for selection in &set.items {
                match &selection.node {
                    Selection::Field(field) => {
                        if field.node.response_key().node.as_str() == name {
                            found.push((parent, &field.node));
                        }
                    }
                    Selection::FragmentSpread(spread) => {
                        let fragment = spread.node.fragment_name.node.as_str();
                        if let Some(definition) = self.operation.document.fragments.get(fragment)
                            && fragments.insert(fragment)
                        {
                            let definition = &definition.node;
                            let ty = definition.type_condition.node.on.node.as_str();
                            let set = &definition.selection_set.node;
                            self.fields(&[(ty, set)], name, fragments, found);
                        }
                    }
                    Selection::InlineFragment(fragment) => {
                        let condition = fragment.node.type_condition.as_ref();
                        let ty = condition.map_or(*parent, |on| on.node.on.node.as_str());
                        let set = &fragment.node.selection_set.node;
                        self.fields(&[(ty, set)], name, fragments, found);
                    }
                }
            }
        }
    }
}

/// Returns whether all types allow `null`; if no type is known, it is not allowed.
fn is_nullable(types: &[&Type]) -> bool {
    !types.is_empty() && types.iter().all(|ty| ty.nullable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{parser::parse_query, value};

    #[test]
    fn what_is_not_where_it_should_be_is_not_sent_either() {
        let document = parse_query("{ a { b } }").unwrap();
        let operation = Operation::find(&document, None).unwrap();
        let mut data = value!({"a": [{"b": "token"}], "c": 1});
        let path = ["a", "b"].map(|name| PathSegment::Field(name.to_owned()));
        take_out(&mut data, &Model::default(), &operation, &[&path]);
        assert_eq!(data, Value::Null);
    }

    #[test]
    fn what_the_walk_does_not_find_is_not_sent_either() {
        // The schema has no mutations, so the walk has no root type.
        let document = parse_query("mutation { a { b } }").unwrap();
        let operation = Operation::find(&document, None).unwrap();
        let mut data = value!({"a": {"b": "token", "c": 1}});
        let path = ["a", "b"].map(|name| PathSegment::Field(name.to_owned()));
        take_out(&mut data, &Model::default(), &operation, &[&path]);
        assert_eq!(data, Value::Null);
    }

    #[test]
    fn what_is_not_in_the_schema_may_not_be_null() {
        let document = parse_query("{ a { b } c }").unwrap();
        let operation = Operation::find(&document, None).unwrap();
        let mut data = value!({"a": {"b": "token"}, "c": 1});
        let path = ["a", "b"].map(|name| PathSegment::Field(name.to_owned()));
        take_out(&mut data, &Model::default(), &operation, &[&path]);
        assert_eq!(data, Value::Null);
    }
}
