//! The store on DynamoDB and S3, which moto stands for: others wrote it by the documentation of AWS. What moto does not
//! do, a line in between does.
//!
//! `cargo xtask test` installs it. AWS itself was not tried.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

mod conforms;
mod faults;
mod opens;
#[path = "../shared_store/processes.rs"]
mod processes;

use lunadefend_tests::Moto;
use lunadefend_vault::store::Store;
use lunadefend_vault_aws::{AwsOptions, AwsStore};
use std::sync::Arc;

/// A store for several tokenizers.
struct Shared(AwsOptions);

impl Shared {
    async fn start() -> Option<Self> {
        let options = Moto::shared()?.options();
        AwsStore::create(&options).await.unwrap();
        Some(Self(options))
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(AwsStore::open(&self.0).await.unwrap())
    }
}
