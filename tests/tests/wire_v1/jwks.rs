//! The key set that an application publishes: `node-sdk/express_plugin.json`. How its two routes answer
//! otherwise is in the table of the adapters.

use http::Method;
use lunadefend_tests::{World, signing_key};

#[tokio::test]
async fn the_published_keys() {
    let world = World::start().await;
    let mut browser = world.browser();
    let url = format!("{}/.lunasec/jwks.json", world.application.url);
    let page = browser.send(Method::GET, &url, &[], b"").await.unwrap();
    assert_eq!(page.status, 200);

    // The original has one key, by this name; ours has it by its thumbprint too.
    let document = page.json();
    let keys = document["keys"].as_array().unwrap();
    let legacy = keys.iter().find(|key| key["kid"] == "lunasec-signing-key");
    let legacy = legacy.unwrap();
    let public = signing_key().key.public_key();
    assert_eq!(legacy["kty"], "RSA");
    assert_eq!(legacy["e"], "AQAB");
    assert_eq!(legacy["n"], lunadefend_crypto::base64url(public.n()));
    assert!(keys.iter().any(|key| key["kid"] == public.thumbprint()));
    for key in keys {
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(key.get(private).is_none(), "{private}");
        }
    }
}
