//! The suite that every store passes.

use lunadefend_tests::Moto;
use lunadefend_vault::store::conformance;

/// A server of its own: moto copies a table for each transaction.
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let Some(moto) = Moto::start() else { return };
    conformance::all(&moto.store().await).await;
}
