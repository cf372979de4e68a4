//! What a deserializer found wrong, in words that are all ours: its own repeat what it found.

use crate::{Error, ErrorKind, tokens::BLANK};

pub(super) fn reword(found: &str, place: &str) -> Error {
    let bad_token = Error::new(ErrorKind::BadToken);
    let about_a_token = [bad_token.message(), BLANK, A_TOKEN];
    if about_a_token.iter().any(|words| found.contains(words)) {
        return bad_token;
    }
    let message = if let Some(name) = member(found, "missing field `") {
        format!("the member `{name}` is missing{place}")
    } else if let Some(name) = member(found, "duplicate field `") {
        format!("the member `{name}` is there twice{place}")
    } else if found.starts_with("unknown field `") {
        format!("the request has a member that is not known here{place}")
    } else {
        format!(
            "the request cannot be read: not well-formed, or a member has the wrong type or value{place}"
        )
    };
    Error::new(ErrorKind::BadRequest).with_message(message)
}

/// The same for a form or a query, which has texts and nothing else.
pub(super) fn reword_form(found: &str) -> Error {
    if found.starts_with("invalid type: sequence") && found.contains(A_TOKEN) {
        return Error::new(ErrorKind::BadToken).with_message(
            "a member of the form or query is there twice, where one token is expected",
        );
    }
    // Where serde reads a text itself, it parses it; this is one that it kept for later.
    if found.starts_with("invalid type: string") {
        return Error::new(ErrorKind::BadRequest).with_message(
            "the request cannot be read: in a flattened or tagged part, a form or query brings texts only, no number and no boolean; send JSON",
        );
    }
    reword(found, "")
}

/// What an untrusted token says it expects.
const A_TOKEN: &str = "expected a token, `lunasec-<uuid>`";

/// The name in serde's "missing field `name`". It is that of a field in the program; only something
/// that looks like one is let through.
fn member<'a>(found: &'a str, start: &str) -> Option<&'a str> {
    let name = found.strip_prefix(start)?.split('`').next()?;
    let identifier = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    identifier.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_by_the_program_only() {
        let missing = |found| member(found, "missing field `");
        assert_eq!(
            missing("missing field `ssn_token` at line 1"),
            Some("ssn_token")
        );
        assert_eq!(missing("missing field `4111111111111111`"), None);
        assert_eq!(missing("missing field `a b`"), None);
        assert_eq!(missing("invalid type"), None);
    }
}
