//! `/.well-known/lunadefend-tokenizer`.

use crate::harness::{Harness, ORIGIN, builder};
use crate::jwt::APPLICATION_KEY;
use http::Method;
use lunadefend_tokenizer::{Limits, VerificationKeys};

const PATH: &str = "/.well-known/lunadefend-tokenizer";

#[tokio::test]
async fn anyone_reads_what_the_tokenizer_offers() {
    let mut limits = Limits::default();
    limits.max_value = 5_000_000;
    let harness = Harness::configured(|builder| builder.limits(limits)).await;
    let reply = harness.get(PATH, &[]).await;
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.text(),
        format!(
            r#"{{"level":2,"origin":"{ORIGIN}","max_items":100,"max_value":5000000,"features":["batches"]}}"#
        )
    );
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "max-age=300");
    assert!(reply.has_no_cors());
    let head = harness.send(Method::HEAD, PATH, &[], "").await;
    assert_eq!((head.status, head.text().as_str()), (200, ""));

    // Only the document may be kept.
    let refused = harness.post(PATH, &[], "{}").await;
    assert_eq!(
        (refused.status, refused.header("allow")),
        (405, "GET, HEAD")
    );
    assert_eq!(refused.header("cache-control"), "no-store");
}

#[tokio::test]
async fn it_is_below_the_base_path_too() {
    let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
    let harness = Harness::with(builder("https://tokenizer.example.com/prod", keys)).await;
    for path in [format!("/prod{PATH}"), PATH.to_owned()] {
        let reply = harness.get(&path, &[("host", "evil.example.com")]).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.json()["origin"], ORIGIN, "an origin has no path");
    }
}
