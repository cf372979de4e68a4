//! What an act says of itself.

use crate::names::Name;
use serde::{Deserialize, Serialize};

/// What was done, or asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Act {
    /// A token was made, with its value or with the URL to upload it to.
    Tokenize,
    /// A value was uploaded.
    Upload,
    /// A value, or the URL to download it from, was given out.
    Detokenize,
    /// A value was downloaded: the line comes before its first byte.
    Download,
    /// Something about a token was given out: metadata, kind, length, mask.
    Describe,
    /// The metadata of a token was replaced.
    SetMetadata,
    /// Tokens were granted to sessions.
    Grant,
    /// Grants were ended.
    Revoke,
    /// Tokens were deleted.
    Delete,
    /// A session of the application was ended.
    EndSession,
    /// The application's key set was dropped.
    DropKeys,
    /// A wrapping key of the store was added.
    AddKey,
    /// A wrapping key of the store was deleted.
    RetireKey,
    /// The master key of the store was changed.
    RotateMaster,
    /// A backup of the store was begun.
    Backup,
    /// The operator asked for something else.
    Admin,
}

/// The kind of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Who {
    /// The application, by its JWT.
    Application,
    /// A developer of the application, by a JWT.
    Developer,
    /// The application on a user's behalf, by a JWT with a session.
    User,
    /// The frame in a browser, by its cookie.
    Frame,
    /// The holder of a signed URL.
    Url,
    /// The operator.
    Operator,
}

/// One thing that an act is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Name>,
    /// The session that it is about; that of the caller is in the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Name>,
    /// The URL that was given out or used. A token's URL has the same name in both lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Name>,
    /// Whether this one was refused, within an act that was not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub refused: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One act: a line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What was done, or asked for.
    pub act: Act,
    /// The kind of the caller.
    pub by: Who,
    /// The caller's session, if the caller acts in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Name>,
    /// The HTTP status of the answer. Without one the caller went away before it, and the act may have been done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The id of the request, as in the log of the tokenizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What it was about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
}
