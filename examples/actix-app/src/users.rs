//! The users and their tokens in SQLite.
//!
//! This module decides what LunaDefend's types cannot: verified does not mean owned. The logged-in user
//! determines the row, and an incoming token must be new or already theirs.

use crate::{
    error::AppError,
    model::{Document, Documents, Profile, UserName},
};
use lunadefend::VerifiedToken;
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::str::FromStr;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS users (
    name    TEXT NOT NULL PRIMARY KEY,
    support INTEGER NOT NULL DEFAULT FALSE
) STRICT;
CREATE TABLE IF NOT EXISTS tokens (
    owner TEXT NOT NULL REFERENCES users (name),
    field TEXT NOT NULL,
    label TEXT NOT NULL DEFAULT '',
    token TEXT NOT NULL,
    PRIMARY KEY (owner, field, label)
) STRICT;
CREATE TABLE IF NOT EXISTS owners (
    token TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL REFERENCES users (name)
) STRICT;
INSERT INTO owners (token, owner) SELECT token, owner FROM tokens WHERE TRUE ON CONFLICT DO NOTHING;
INSERT INTO users (name, support) VALUES ('support', TRUE) ON CONFLICT DO NOTHING;
";

/// The card of the pages, among those of the profile.
const CARD: &str = "main";

/// The repository of users. Cheap to clone.
///
/// Its functions take [`VerifiedToken`]s: a token that was not verified cannot be stored.
#[derive(Clone, Debug)]
pub(crate) struct Users(SqlitePool);

impl Users {
    /// Opens or creates the database at a URL such as `sqlite:users.sqlite`. One user may read every profile:
    /// `support`.
    pub(crate) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // With a write-ahead log nothing is torn; a power cut may take the last moment's writes.
            .synchronous(SqliteSynchronous::Normal);
        // SQLite has one writer: with one connection no request fails as busy. An in-memory database lives as
        // long as its connection.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        Ok(Self(pool))
    }

    /// Adds the user at their first log-in.
    pub(crate) async fn log_in(&self, user: &UserName) -> Result<(), AppError> {
        sqlx::query("INSERT INTO users (name) VALUES (?) ON CONFLICT DO NOTHING")
            .bind(user.as_str())
            .execute(&self.0)
            .await?;
        Ok(())
    }

    /// The token of the user's own social security number.
    pub(crate) async fn ssn(&self, owner: &UserName) -> Result<Option<VerifiedToken>, AppError> {
        let token =
            sqlx::query_scalar("SELECT token FROM tokens WHERE owner = ? AND field = 'ssn'")
                .bind(owner.as_str())
                .fetch_optional(&self.0)
                .await?;
        Ok(token)
    }

    /// Stores the token of the user's own social security number.
    pub(crate) async fn set_ssn(
        &self,
        owner: &UserName,
        token: VerifiedToken,
    ) -> Result<(), AppError> {
        let mut transaction = self.0.begin().await?;
        put(&mut transaction, owner, "ssn", "", token).await?;
        Ok(transaction.commit().await?)
    }

    /// The profile of `owner`, for `reader`: users read their own, the support reads all.
    pub(crate) async fn profile(
        &self,
        reader: &UserName,
        owner: &UserName,
    ) -> Result<Profile, AppError> {
        if reader != owner && !self.is_support(reader).await? {
            return Err(AppError::NotYourRow);
        }
        let rows: Vec<(String, String, VerifiedToken)> =
            sqlx::query_as("SELECT field, label, token FROM tokens WHERE owner = ?")
                .bind(owner.as_str())
                .fetch_all(&self.0)
                .await?;
        let mut profile = Profile::default();
        for (field, label, token) in rows {
            match field.as_str() {
                "ssn" => profile.ssn = Some(token),
                "phone" => profile.phone = Some(token),
                "address" => profile.address = Some(token),
                "photo" => profile.photo = Some(token),
                _ => {
                    profile.cards.insert(label, token);
                }
            }
        }
        Ok(profile)
    }

    /// Replaces the user's own profile: all of it or, with one token that is not theirs, nothing.
    pub(crate) async fn set_profile(
        &self,
        owner: &UserName,
        profile: Profile,
    ) -> Result<(), AppError> {
        let mut transaction = self.0.begin().await?;
        sqlx::query("DELETE FROM tokens WHERE owner = ?")
            .bind(owner.as_str())
            .execute(&mut *transaction)
            .await?;
        let Profile {
            ssn,
            phone,
            address,
            photo,
            cards,
        } = profile;
        for (field, token) in [
            ("ssn", ssn),
            ("phone", phone),
            ("address", address),
            ("photo", photo),
        ] {
            if let Some(token) = token {
                put(&mut transaction, owner, field, "", token).await?;
            }
        }
        for (label, token) in cards {
            put(&mut transaction, owner, "card", &label, token).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// What the pages show of the profile of `owner`, for `reader`.
    pub(crate) async fn documents(
        &self,
        reader: &UserName,
        owner: &UserName,
    ) -> Result<Documents, AppError> {
        let mut profile = self.profile(reader, owner).await?;
        Ok(Documents {
            ssn: profile.ssn,
            card: profile.cards.remove(CARD),
            photo: profile.photo,
        })
    }

    /// Replaces what the pages show of the user's own profile: all of it or nothing.
    pub(crate) async fn set_documents(
        &self,
        owner: &UserName,
        Documents { ssn, card, photo }: Documents,
    ) -> Result<(), AppError> {
        let mut transaction = self.0.begin().await?;
        for (document, token) in [
            (Document::Ssn, ssn),
            (Document::Card, card),
            (Document::Photo, photo),
        ] {
            let (field, label) = place(document);
            match token {
                Some(token) => put(&mut transaction, owner, field, label, token).await?,
                None => take(&mut transaction, owner, field, label).await?,
            }
        }
        Ok(transaction.commit().await?)
    }

    /// Removes one of them. The tokenizer keeps the value, and nobody is granted it any more.
    pub(crate) async fn remove(
        &self,
        owner: &UserName,
        document: Document,
    ) -> Result<(), AppError> {
        let (field, label) = place(document);
        let mut transaction = self.0.begin().await?;
        take(&mut transaction, owner, field, label).await?;
        Ok(transaction.commit().await?)
    }

    /// Everybody who has logged in but the support, for the support alone.
    pub(crate) async fn everybody(&self, reader: &UserName) -> Result<Vec<UserName>, AppError> {
        if !self.is_support(reader).await? {
            return Err(AppError::NotYourRow);
        }
        let names: Vec<String> =
            sqlx::query_scalar("SELECT name FROM users WHERE NOT support ORDER BY name")
                .fetch_all(&self.0)
                .await?;
        // They were checked when they were stored.
        let names = names.into_iter().map(UserName::try_from);
        Ok(names.filter_map(Result::ok).collect())
    }

    /// Whether the user may read every profile.
    pub(crate) async fn is_support(&self, user: &UserName) -> Result<bool, AppError> {
        let support = sqlx::query_scalar("SELECT support FROM users WHERE name = ?")
            .bind(user.as_str())
            .fetch_optional(&self.0)
            .await?;
        Ok(support.unwrap_or(false))
    }
}

/// Where a document is among the tokens: its field and its label.
fn place(document: Document) -> (&'static str, &'static str) {
    match document {
        Document::Ssn => ("ssn", ""),
        Document::Card => ("card", CARD),
        Document::Photo => ("photo", ""),
    }
}

async fn take(
    transaction: &mut Transaction<'_, Sqlite>,
    owner: &UserName,
    field: &str,
    label: &str,
) -> Result<(), AppError> {
    sqlx::query("DELETE FROM tokens WHERE owner = ? AND field = ? AND label = ?")
        .bind(owner.as_str())
        .bind(field)
        .bind(label)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Stores one token, if it is new to us or belongs to the user already.
///
/// A verified token is one that the user may read now, perhaps only because they were shown another user's
/// row, as support is. If they could store it in their own row, they could read the value for ever. Hence a
/// token belongs to the user who stored it first, even after it is in no row: `owners` never shrinks.
async fn put(
    transaction: &mut Transaction<'_, Sqlite>,
    owner: &UserName,
    field: &str,
    label: &str,
    token: VerifiedToken,
) -> Result<(), AppError> {
    sqlx::query("INSERT INTO owners (token, owner) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(token.clone())
        .bind(owner.as_str())
        .execute(&mut **transaction)
        .await?;
    let is_theirs: bool = sqlx::query_scalar("SELECT owner = ? FROM owners WHERE token = ?")
        .bind(owner.as_str())
        .bind(token.clone())
        .fetch_one(&mut **transaction)
        .await?;
    if !is_theirs {
        return Err(AppError::NotYourToken);
    }
    sqlx::query(
        "INSERT INTO tokens (owner, field, label, token) VALUES (?, ?, ?, ?)
         ON CONFLICT (owner, field, label) DO UPDATE SET token = excluded.token",
    )
    .bind(owner.as_str())
    .bind(field)
    .bind(label)
    .bind(token)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}
