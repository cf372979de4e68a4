//! Tokens in a real database.
#![cfg(feature = "sqlx")]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use lunadefend_core::VerifiedToken;
use sqlx::{Connection, Decode, Encode, MySql, Postgres, Row, Sqlite, SqliteConnection, Type};

const ID: &str = "lunasec-0A1b2c3d-1111-4222-8333-444455556666";

async fn database() -> SqliteConnection {
    let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::query("CREATE TABLE users (name TEXT, ssn TEXT)")
        .execute(&mut database)
        .await
        .unwrap();
    database
}

#[tokio::test]
async fn a_verified_token_is_bound_and_read_back() {
    let mut database = database().await;
    let token = VerifiedToken::assertion(ID).unwrap();
    for ssn in [Some(&token), None] {
        sqlx::query("INSERT INTO users VALUES (?, ?)")
            .bind("ann")
            .bind(ssn)
            .execute(&mut database)
            .await
            .unwrap();
    }
    let rows: Vec<(Option<VerifiedToken>,)> =
        sqlx::query_as("SELECT ssn FROM users ORDER BY rowid")
            .fetch_all(&mut database)
            .await
            .unwrap();
    assert_eq!(rows, [(Some(token),), (None,)]);
    let kept: String = sqlx::query("SELECT ssn FROM users")
        .fetch_one(&mut database)
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, ID, "as it was written");
}

#[tokio::test]
async fn what_is_not_a_token_is_an_error_without_an_echo() {
    let mut database = database().await;
    sqlx::query("INSERT INTO users VALUES ('ann', '4111111111111111')")
        .execute(&mut database)
        .await
        .unwrap();
    let row: Result<(VerifiedToken,), _> = sqlx::query_as("SELECT ssn FROM users")
        .fetch_one(&mut database)
        .await;
    let error = row.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("4111"), "{error:?}");
}

/// Compiles only for what is a column of each driver.
#[test]
fn the_verified_state_is_a_column_of_every_driver() {
    fn type_name<T, DB: sqlx::Database>() -> String
    where
        T: Type<DB> + for<'q> Encode<'q, DB> + for<'r> Decode<'r, DB>,
    {
        T::type_info().to_string()
    }
    assert_eq!(type_name::<VerifiedToken, Sqlite>(), "TEXT");
    assert_eq!(type_name::<VerifiedToken, Postgres>(), "TEXT");
    assert_eq!(type_name::<VerifiedToken, MySql>(), "VARCHAR");
}

#[cfg(feature = "sqlx-postgres")]
#[test]
fn a_list_is_an_array_of_postgres() {
    fn is_column<
        T: for<'q> Encode<'q, Postgres> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    >() {
    }
    is_column::<Vec<VerifiedToken>>();
    assert_eq!(
        <Vec<VerifiedToken> as Type<Postgres>>::type_info(),
        <Vec<String> as Type<Postgres>>::type_info()
    );
}
