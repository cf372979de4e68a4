//! The suite that every store passes.

use lunadefend_tests::{Act, Fault, Moto, Proxy, S3s, http1::answer, options_at};
use lunadefend_vault::store::conformance;
use lunadefend_vault_aws::AwsStore;

/// A server of its own: moto copies a table for each transaction.
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms() {
    let Some(moto) = Moto::start() else { return };
    conformance::all(&moto.store().await).await;
}

/// Values where others than moto wrote S3, and signatures are verified.
#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_with_values_in_another_s3() {
    let (Some(moto), Some(s3)) = (Moto::start(), S3s::start()) else {
        return;
    };
    // What it does not have yet; there are none here.
    let proxy = Proxy::start(2).await;
    proxy.lead_to(s3.address());
    proxy.plan(|_, request| {
        match request.start.starts_with("GET") && request.target().contains("?uploads") {
            true => Fault::Instead(Act::Send(answer(
                200,
                "content-type: application/xml\r\n",
                "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>",
            ))),
            false => Fault::Pass,
        }
    });
    let options = options_at("another-s3", "another-s3", moto.url(), &proxy.url());
    AwsStore::create(&options).await.unwrap();
    conformance::all(&AwsStore::open(&options).await.unwrap()).await;
}
