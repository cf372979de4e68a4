//! The store on DynamoDB and S3, which moto stands for: others wrote it by the documentation of AWS.
//!
//! `cargo xtask test` installs it. AWS itself was not tried.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod conforms;
