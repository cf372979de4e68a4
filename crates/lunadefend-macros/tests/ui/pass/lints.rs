//! What the derive writes is no concern of the user's lints.

#![deny(warnings)]
#![deny(
    missing_debug_implementations,
    missing_docs,
    rust_2018_idioms,
    unnameable_types,
    unreachable_pub,
    unused,
    unused_qualifications
)]
#![forbid(unsafe_code)]

use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

/// A public type.
#[derive(Debug, Tokens)]
#[tokens(crate = "lunadefend_core")]
pub struct Public {
    /// Old.
    #[deprecated]
    #[serde(default)]
    pub name: String,
    /// A token.
    #[token]
    pub ssn: VerifiedToken,
    #[serde(default)]
    private: Private,
    /// An enum.
    #[token]
    pub either: Either<VerifiedToken>,
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Private;

/// A public enum.
#[derive(Debug, Tokens)]
#[tokens(crate = "lunadefend_core")]
pub enum Either<T> {
    /// A token.
    Left(#[token] T),
    /// None.
    Right,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
pub(crate) struct Scoped {
    #[token]
    pub(crate) ssn: VerifiedToken,
}

fn main() {
    #[derive(Tokens)]
    #[tokens(crate = "lunadefend_core")]
    struct Local {
        #[token]
        scoped: Scoped,
    }
    let token = VerifiedToken::assertion("lunasec-0a1b2c3d-1111-4222-8333-444455556666");
    if let Ok(ssn) = token {
        let local = Local {
            scoped: Scoped { ssn },
        };
        drop(local.scoped.ssn);
    }
}
