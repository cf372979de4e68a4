//! `VerifiedToken` as a column of a database, for sqlx 0.9.
//!
//! It binds and decodes wherever `String` does: `TEXT` or `VARCHAR` of Postgres, MySQL and SQLite. The other
//! two states do neither: an unverified or a granted token cannot be stored. With the feature `sqlx-postgres`
//! a `Vec<VerifiedToken>` is a `TEXT[]`.
//!
//! ```
//! # use lunadefend_core::VerifiedToken;
//! fn store(token: VerifiedToken) {
//!     let _ = sqlx::query::<sqlx::Sqlite>("INSERT INTO users (ssn) VALUES (?)").bind(token);
//! }
//! ```
//!
//! ```compile_fail,E0277
//! # use lunadefend_core::UntrustedToken;
//! fn store(token: UntrustedToken) {
//!     let _ = sqlx::query::<sqlx::Sqlite>("INSERT INTO users (ssn) VALUES (?)").bind(token);
//! }
//! ```
//!
//! ```compile_fail,E0277
//! # use lunadefend_core::GrantedToken;
//! fn store(token: GrantedToken) {
//!     let _ = sqlx::query::<sqlx::Sqlite>("INSERT INTO users (ssn) VALUES (?)").bind(token);
//! }
//! ```

use crate::VerifiedToken;
use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};

impl<DB: Database> Type<DB> for VerifiedToken
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        String::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        String::compatible(ty)
    }
}

impl<'q, DB: Database> Encode<'q, DB> for VerifiedToken
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.expose_id().to_owned().encode(buffer)
    }
}

/// # Security
/// A token in the database is taken as verified. Decoding a text that never was a verified token launders it.
/// Bind tokens as `VerifiedToken`, never as text.
impl<'r, DB: Database> Decode<'r, DB> for VerifiedToken
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        // The error describes a token and never echoes the stored text.
        Ok(Self::assertion(&String::decode(value)?)?)
    }
}

/// A column `TEXT[]` of Postgres: `Vec<VerifiedToken>` binds and decodes.
#[cfg(feature = "sqlx-postgres")]
impl sqlx::postgres::PgHasArrayType for VerifiedToken {
    fn array_type_info() -> sqlx::postgres::PgTypeInfo {
        String::array_type_info()
    }

    fn array_compatible(ty: &sqlx::postgres::PgTypeInfo) -> bool {
        String::array_compatible(ty)
    }
}
