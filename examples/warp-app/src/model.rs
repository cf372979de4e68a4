//! The request and response types.

use lunadefend::{Tokens, VerifiedToken};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest body of a request, in bytes. Each token in a body may cost one request to the tokenizer.
pub(crate) const MAX_BODY: usize = 16 * 1024;

/// The name that a user logs in with: 1 to 64 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct UserName(String);

impl UserName {
    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UserName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=64).contains(&name.len()) && name.bytes().all(part) {
            Ok(Self(name))
        } else {
            Err("a name is 1 to 64 of a-z, 0-9 and -")
        }
    }
}

/// `POST /login`, as JSON or from a form. It trusts the name; a real application checks a password.
#[derive(Debug, Deserialize)]
pub(crate) struct Login {
    /// The user to log in.
    pub(crate) user: UserName,
}

/// A response that only reports success.
#[derive(Debug, Serialize)]
pub(crate) struct Success {
    success: bool,
}

impl Success {
    /// `{"success":true}`.
    pub(crate) const ANSWER: Self = Self { success: true };
}

/// `POST /set-ssn`: every token in it is verified before the handler runs.
#[derive(Debug, Tokens)]
#[tokens(request)]
pub(crate) struct SetSsn {
    /// The token of the number that was typed into the tokenizer's frame.
    #[token]
    pub(crate) ssn_token: VerifiedToken,
}

/// `GET /get-ssn`: every token in it is granted before it is sent.
#[derive(Debug, Tokens)]
#[tokens(response)]
pub(crate) struct GetSsn {
    success: bool,
    #[serde(rename = "ssnToken")]
    #[token(ttl = "15m")]
    ssn_token: Option<VerifiedToken>,
}

impl GetSsn {
    /// Makes the response with the token of a row.
    pub(crate) fn new(ssn_token: Option<VerifiedToken>) -> Self {
        Self {
            success: true,
            ssn_token,
        }
    }
}

/// `/profile`: one type for both directions. It comes in with every token verified and goes out with
/// every token granted, each time in one call for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Tokens)]
pub(crate) struct Profile {
    /// The social security number.
    #[token(ttl = "15m")]
    pub(crate) ssn: Option<VerifiedToken>,
    /// The telephone number.
    #[token]
    pub(crate) phone: Option<VerifiedToken>,
    /// The postal address.
    #[token]
    pub(crate) address: Option<VerifiedToken>,
    /// A picture of the user.
    #[token]
    pub(crate) photo: Option<VerifiedToken>,
    /// Payment cards, by the user's name for each. Readable for a moment only.
    #[serde(default)]
    #[token(ttl = "1m")]
    pub(crate) cards: BTreeMap<String, VerifiedToken>,
}

/// What the pages show, and what their form sends: again one type for both directions.
///
/// The form sends each token back unless the user typed something new, so the grants last as long as a session:
/// people leave forms open.
#[derive(Debug, Tokens)]
pub(crate) struct Documents {
    /// The social security number.
    #[token(ttl = "1h")]
    pub(crate) ssn: Option<VerifiedToken>,
    /// The number of the payment card, which is one of the [`Profile`]'s cards.
    #[token(ttl = "1h")]
    pub(crate) card: Option<VerifiedToken>,
    /// The passport photo.
    #[token(ttl = "1h")]
    pub(crate) photo: Option<VerifiedToken>,
}

/// `POST /remove`, as JSON or from a form.
#[derive(Debug, Deserialize)]
pub(crate) struct Remove {
    /// What to remove.
    pub(crate) field: Document,
}

/// One of the [`Documents`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Document {
    /// The social security number.
    Ssn,
    /// The payment card.
    Card,
    /// The passport photo.
    Photo,
}
