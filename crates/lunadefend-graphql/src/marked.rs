//! Values of fields with `@token` in a response: granted in one call, or removed from the response again.

use crate::{error::server_error, model::Mark, request::RequestGrants};
use async_graphql::{PathSegment, QueryPathNode, QueryPathSegment, ServerError, Value};
use lunadefend_core::{
    ErrorKind,
    provider::{GrantRequest, TokenId},
};
use std::collections::HashSet;

/// The tokens of one field of a response.
pub(crate) struct MarkedValue {
    path: Vec<PathSegment>,
    /// A field with a value that is not a token is not granted in part.
    requests: Result<Vec<GrantRequest>, ErrorKind>,
}

impl MarkedValue {
    /// Reads the value of a marked field. Returns `None` when it contains no token.
    pub(crate) fn read(path: &QueryPathNode<'_>, mark: Mark, value: &Value) -> Option<Self> {
        let mut requests = Vec::new();
        let requests = collect(value, mark, &mut requests).map(|()| requests);
        let is_empty = requests.as_ref().is_ok_and(Vec::is_empty);
        (!is_empty).then(|| Self {
            path: segments(path),
            requests,
        })
    }
}

fn collect(value: &Value, mark: Mark, requests: &mut Vec<GrantRequest>) -> Result<(), ErrorKind> {
    match value {
        Value::Null => Ok(()),
        Value::String(text) => {
            let token = TokenId::parse(text).map_err(|error| error.kind())?;
            requests.push(GrantRequest::new(token, mark.duration));
            Ok(())
        }
        Value::List(items) => items
            .iter()
            .try_for_each(|item| collect(item, mark, requests)),
        _ => Err(ErrorKind::BadToken),
    }
}

pub(crate) fn segments(node: &QueryPathNode<'_>) -> Vec<PathSegment> {
    let mut path: Vec<_> = std::iter::once(node)
        .chain(node.parents())
        .map(|node| match node.segment {
            QueryPathSegment::Index(index) => PathSegment::Index(index),
            QueryPathSegment::Name(name) => PathSegment::Field(name.to_owned()),
        })
        .collect();
    path.reverse();
    path
}

/// A field whose tokens were not granted, and why.
pub(crate) type Failed = (Vec<PathSegment>, ServerError);

/// The outcome for the tokens of a response.
pub(crate) struct Outcome {
    /// Whether tokens were granted.
    pub(crate) is_granted: bool,
    pub(crate) failed: Vec<Failed>,
}

/// Grants every token of `values` in one call.
pub(crate) async fn grant(values: Vec<MarkedValue>, grants: &RequestGrants) -> Outcome {
    let mut failed = Vec::new();
    let mut paths = Vec::new();
    let mut requests = Vec::new();
    let mut seen = HashSet::new();
    for value in values {
        match value.requests {
            Err(kind) => failed.push((value.path, server_error(&kind.into()))),
            Ok(asked) => {
                requests.extend(asked.into_iter().filter(|one| seen.insert(one.clone())));
                paths.push(value.path);
            }
        }
    }
    let result = grants.grant_all(&requests).await;
    let is_granted = result.is_ok() && !requests.is_empty();
    if let Err(error) = result {
        let error = server_error(&error);
        failed.extend(paths.into_iter().map(|path| (path, error.clone())));
    }
    Outcome { is_granted, failed }
}
