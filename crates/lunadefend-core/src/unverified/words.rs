//! Error messages about a request, written for the client.

use crate::{
    Error, ErrorKind,
    reading::{Found, JsonFailure, What},
};

pub(crate) fn of_json(failure: JsonFailure) -> Error {
    let JsonFailure {
        found,
        line,
        column,
    } = failure;
    let place = format!(" (line {line}, column {column})");
    match found {
        Some(found) => said(found, &place),
        None => bad_request(format!("the request is not well-formed JSON{place}")),
    }
}

/// A form or a query has texts and nothing else.
pub(crate) fn of_form(found: Found) -> Error {
    match found.what {
        What::Tokens => {
            let member = member(&found, "a member of the form or query");
            Error::new(ErrorKind::BadToken).with_message(format!(
                "{member} is there twice, where one token is expected"
            ))
        }
        // Serde parses a text that it reads directly; this text was buffered for later.
        What::Text => bad_request(
            "the request cannot be read: in a flattened or tagged part, a form or query brings texts only, no number and no boolean; send JSON",
        ),
        _ => said(found, ""),
    }
}

fn said(found: Found, place: &str) -> Error {
    let member = |of: &Found| member(of, "the request, or a member of it,");
    bad_request(match found.what {
        What::Token | What::Blank | What::Tokens => return bad_token(&found),
        What::Missing(name) => {
            format!("the member `{}` is missing{place}", found.path.with(name))
        }
        What::Duplicate(name) => {
            let path = found.path.with(name);
            format!("the member `{path}` is there twice{place}")
        }
        What::UnknownField => {
            let of = if found.path.is_known() {
                format!("`{}`", found.path)
            } else {
                "the request".to_owned()
            };
            format!("{of} has a member that is not known here{place}")
        }
        What::UnknownVariant(names) if !names.is_empty() => {
            let names = names.join("`, `");
            format!("{} must be one of `{names}`{place}", member(&found))
        }
        What::UnknownVariant(_) | What::Text | What::Rule(_) | What::Other => {
            format!("{} has the wrong type or value{place}", member(&found))
        }
    })
}

fn bad_token(found: &Found) -> Error {
    let error = Error::new(ErrorKind::BadToken);
    if !found.path.is_known() {
        return error;
    }
    let message = format!("the member `{}` is {}", found.path, error.message());
    error.with_message(message)
}

/// Returns the member's path, or `unknown` when the path is not known.
fn member(found: &Found, unknown: &str) -> String {
    if found.path.is_known() {
        format!("the member `{}`", found.path)
    } else {
        unknown.to_owned()
    }
}

fn bad_request(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::BadRequest).with_message(message)
}
