//! How old the key set is, as the operator sees it.

use super::publisher::Publisher;
use crate::{
    admin::Admin,
    jwt::{self, APPLICATION_KEY},
};
use lunadefend_tokenizer::KeysStatus;
use std::time::Duration;

#[tokio::test]
async fn the_age_of_the_key_set_is_told() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    let admin = Admin::of(&harness).await;
    assert_eq!(
        admin.status().await.keys,
        KeysStatus::Jwks { fetched: None }
    );
    let fetched_at = harness.now() * 1000;
    let jwt = jwt::application(harness.now());
    harness.post_as(&jwt, "/grant/verify", "{}").await;
    harness.clock.advance(Duration::from_secs(42));
    let fetched = async || match admin.status().await.keys {
        KeysStatus::Jwks { fetched } => fetched.unwrap(),
        other => panic!("{other:?}"),
    };
    let at_first = fetched().await;
    assert_eq!(
        (at_first.at, at_first.age_seconds, at_first.fresh),
        (fetched_at, 42, true)
    );
    harness.clock.advance(Duration::from_secs(2 * 3600));
    assert!(!fetched().await.fresh);
}
