//! Wire level 1: what the original's SDK sends and its tokenizer answers, as recorded, against ours.
//!
//! Each table names the case, what the original made of it, and what we make of it where that differs
//! on purpose.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod jwks;
mod migration;
mod peer;
mod routes;
mod sdk;
mod tokenizer_api;
mod tokenizer_grants;
mod values;

const T1: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
const T2: &str = "lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000";

/// Header and claims of every JWT of the application at the frozen time of the recordings.
const HEADER: &str = r#"{"alg":"RS256"}"#;
const APPLICATION: &str = r#"{"iat":1700000000,"iss":"node-sdk","sub":"application","aud":"secure-frame","exp":1700000900}"#;
