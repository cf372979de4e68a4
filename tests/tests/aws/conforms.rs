//! The suite that every store passes.

use lunadefend_tests::Moto;
use lunadefend_vault::store::conformance;

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let Some(moto) = Moto::shared() else { return };
    conformance::all(&moto.store().await).await;
}
