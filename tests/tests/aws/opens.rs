//! What is wrong with a table or a bucket is said in words, before anything is served.

use lunadefend_tests::{Act, Fault, Moto, Proxy, http1::answer, options_at};
use lunadefend_vault_aws::{AwsOptions, AwsStore};
use serde_json::{Value, json};

async fn refused(options: &AwsOptions) -> String {
    AwsStore::open(options).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_and_can_be_made() {
    let Some(moto) = Moto::shared() else { return };
    let options = moto.named("none-yet", "none-yet");
    let said = refused(&options).await;
    assert_eq!(
        said,
        "DynamoDB has no table `none-yet` in eu-central-1: check its name and the region, or make it with lunadefend store create"
    );
    AwsStore::create(&options).await.unwrap();
    AwsStore::open(&options).await.unwrap();
    // It changes nothing a second time.
    AwsStore::create(&options).await.unwrap();

    let said = refused(&moto.named("none-yet", "another-one")).await;
    assert!(said.contains("S3 has no bucket `another-one`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let url = lunadefend_tests::nobody();
    let options = options_at("tokenizer", "values", url, url);
    let said = refused(&options).await;
    assert!(
        said.starts_with(
            "DynamoDB refused `dynamodb:DescribeTable`, or did not answer: check the region"
        ),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_elsewhere_public_or_with_versions_is_refused() {
    let Some(moto) = Moto::shared() else { return };
    let here = moto.named("open-to-none", "open-to-none");
    AwsStore::create(&here).await.unwrap();

    let elsewhere = moto.named("open-to-none", "open-to-none");
    let elsewhere = elsewhere.region("us-west-2").unwrap();
    let said = AwsStore::create(&elsewhere).await.unwrap_err().to_string();
    assert!(said.contains("is not in us-west-2"), "{said}");

    let versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let put = moto.put("/open-to-none?versioning", versions).await;
    assert_eq!(put.status(), 200);
    let said = refused(&here).await;
    assert!(
        said.contains("an old version. Suspend versioning"),
        "{said}"
    );
    let suspended = versions.replace("Enabled", "Suspended");
    let put = moto.put("/open-to-none?versioning", &suspended).await;
    assert_eq!(put.status(), 200);
    AwsStore::open(&here).await.unwrap();

    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let put = moto.put("/open-to-none?publicAccessBlock", block).await;
    assert_eq!(put.status(), 200);
    let said = refused(&here).await;
    assert!(said.contains("does not block all public access"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_shape_is_refused() {
    let Some(moto) = Moto::shared() else { return };
    let create = |name: &str, key: &str| {
        json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": key},
                {"AttributeName": "sk", "AttributeType": "B"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        })
    };
    for (name, key, expected) in [
        (
            "other-key",
            "S",
            "its key must be the binary pk and the binary sk",
        ),
        ("no-index", "B", "it must have the index `expiries`"),
    ] {
        let made = moto.dynamodb("CreateTable", &create(name, key)).await;
        assert_eq!(made.status(), 200, "{}", made.text());
        let options = moto.named(name, "other-shape");
        let said = refused(&options).await;
        assert!(said.contains(expected), "{said}");
        // Nothing is made beside it that it would not be used with.
        let said = AwsStore::create(&options).await.unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_belongs_to_no_store_yet_is_refused() {
    let Some(moto) = Moto::shared() else { return };
    let options = moto.named("unfinished", "unfinished");
    AwsStore::create(&options).await.unwrap();
    let own = json!({
        "TableName": "unfinished",
        "Key": {"pk": {"B": "AA=="}, "sk": {"B": "c3RvcmU="}},
    });
    let deleted = moto.dynamodb("DeleteItem", &own).await;
    assert_eq!(deleted.status(), 200, "{}", deleted.text());
    let said = refused(&options).await;
    assert!(said.contains("run lunadefend store create again"), "{said}");
    AwsStore::create(&options).await.unwrap();
    AwsStore::open(&options).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_with_replicas_is_refused() {
    let Some(moto) = Moto::shared() else { return };
    AwsStore::create(&moto.named("everywhere", "everywhere"))
        .await
        .unwrap();
    // Which moto does not have.
    let proxy = Proxy::start(2).await;
    proxy.lead_to(moto.address());
    proxy.plan(|_, request| {
        if !request.header("x-amz-target").ends_with(".DescribeTable") {
            return Fault::Pass;
        }
        Fault::Spoil(|answered| {
            let text = String::from_utf8(answered).unwrap();
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            let mut body: Value = serde_json::from_str(body).unwrap();
            body["Table"]["Replicas"] = json!([{"RegionName": "eu-west-1"}]);
            let headers = "content-type: application/x-amz-json-1.0\r\n";
            Act::Send(answer(200, headers, body.to_string()))
        })
    });
    let options = options_at("everywhere", "everywhere", &proxy.url(), moto.url());
    let said = refused(&options).await;
    assert!(said.contains("has replicas in other regions"), "{said}");
}
