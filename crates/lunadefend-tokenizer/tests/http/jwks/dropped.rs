//! A key set that is dropped in an emergency, and caches between application and tokenizer.

use super::{
    MINUTE, SECOND, UNAVAILABLE,
    publisher::{Publisher, document, http},
    status, thumbprint, verdict,
};
use crate::{
    harness::Harness,
    jwt::{APPLICATION_KEY, OTHER_KEY},
    remembered::REMEMBERED,
};
use std::sync::Arc;

#[tokio::test]
async fn dropped_keys_count_no_more_until_a_fetch_succeeds() {
    for remembered in REMEMBERED {
        dropped_keys_count_no_more(remembered).await;
    }
}

async fn dropped_keys_count_no_more(remembered: usize) {
    let publisher = Publisher::of(&[&APPLICATION_KEY, &OTHER_KEY]).await;
    let harness = publisher.tokenizer_that_remembers(remembered).await;
    let (old, new) = (
        Some(thumbprint(&APPLICATION_KEY)),
        Some(thumbprint(&OTHER_KEY)),
    );
    assert_eq!(status(&harness, &APPLICATION_KEY, old).await, 200);
    // Nothing else would make the tokenizer ask: it knows the new key, and the set is fresh.
    publisher.publish(http("503 Service Unavailable", "", b""));
    assert_eq!(status(&harness, &OTHER_KEY, new).await, 200);
    assert_eq!(status(&harness, &APPLICATION_KEY, old).await, 200);
    harness.tokenizer.drop_keys();
    let unavailable = (503, UNAVAILABLE.to_owned());
    assert_eq!(verdict(&harness, &APPLICATION_KEY, old).await, unavailable);
    assert_eq!(verdict(&harness, &OTHER_KEY, new).await, unavailable);
    assert_eq!(publisher.requests(), 2, "once a second");
    harness.clock.advance(SECOND);
    assert_eq!(verdict(&harness, &OTHER_KEY, new).await, unavailable);
    // What needs no key works.
    assert_eq!(harness.get("/health", &[]).await.status, 200);

    publisher.publish(document(&[&OTHER_KEY], ""));
    harness.clock.advance(SECOND);
    assert_eq!(status(&harness, &APPLICATION_KEY, old).await, 401);
    assert_eq!(status(&harness, &OTHER_KEY, new).await, 200);
}

#[tokio::test]
async fn a_second_drop_needs_no_pause() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    for requests in 1..4 {
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        assert_eq!(publisher.requests(), requests);
        harness.tokenizer.drop_keys();
    }
}

/// Its response was made before the old key was retired.
#[tokio::test]
async fn a_fetch_from_before_the_keys_were_dropped_does_not_count() {
    // With and without somebody who causes the next fetch before the first one has ended.
    let cases = REMEMBERED.map(|remembered| [true, false].map(|other| (remembered, other)));
    for (remembered, with_another) in cases.into_iter().flatten() {
        let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
        publisher.hold(true);
        let harness = Arc::new(publisher.tokenizer_that_remembers(remembered).await);
        let early = {
            let harness = Arc::clone(&harness);
            tokio::spawn(async move { status(&harness, &APPLICATION_KEY, None).await })
        };
        publisher.asked(1).await;
        publisher.publish(document(&[&OTHER_KEY], ""));
        publisher.hold(false);
        harness.tokenizer.drop_keys();
        if with_another {
            assert_eq!(status(&harness, &OTHER_KEY, None).await, 200);
        }
        publisher.release();
        assert_eq!(early.await.unwrap(), 401, "judged by the old set");
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
        assert_eq!(status(&harness, &OTHER_KEY, None).await, 200);
        assert_eq!(publisher.requests(), 2);
    }
}

/// One for an unknown key neither.
#[tokio::test]
async fn a_fetch_for_an_unknown_key_from_before_the_drop_does_not_count() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = Arc::new(publisher.tokenizer().await);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    harness.clock.advance(SECOND);
    publisher.hold(true);
    publisher.publish(document(&[&APPLICATION_KEY, &OTHER_KEY], ""));
    let early = {
        let harness = Arc::clone(&harness);
        let kid = Some(thumbprint(&OTHER_KEY));
        tokio::spawn(async move { status(&harness, &OTHER_KEY, kid).await })
    };
    publisher.asked(2).await;
    publisher.publish(document(&[&OTHER_KEY], ""));
    publisher.hold(false);
    harness.tokenizer.drop_keys();
    publisher.release();
    assert_eq!(early.await.unwrap(), 503, "it may be tried again");
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
    assert_eq!(status(&harness, &OTHER_KEY, None).await, 200);
}

#[tokio::test]
async fn a_configured_key_is_not_dropped() {
    let harness = Harness::start().await;
    harness.tokenizer.drop_keys();
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
}

#[tokio::test]
async fn after_a_drop_every_fetch_passes_caches() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    publisher.cache(document(&[&APPLICATION_KEY], ""));
    let harness = publisher.tokenizer().await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    publisher.publish(document(&[&OTHER_KEY], ""));
    harness.tokenizer.drop_keys();
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
    // Neither may the next one bring the retired key again, from another cache perhaps.
    harness.clock.advance(6 * MINUTE);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
    assert_eq!(publisher.revalidations(), [false, true, true]);
}

#[tokio::test]
async fn a_fetch_for_an_unknown_key_passes_caches() {
    for kid in [None, Some(thumbprint(&OTHER_KEY))] {
        let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
        publisher.cache(document(&[&APPLICATION_KEY], ""));
        let harness = publisher.tokenizer().await;
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        publisher.publish(document(&[&OTHER_KEY], ""));
        harness.clock.advance(SECOND);
        assert_eq!(status(&harness, &OTHER_KEY, kid).await, 200);
        assert_eq!(publisher.revalidations(), [false, true]);
    }
}

/// The first fetch comes because there is no set, or because it is due, and a cache answers it. Whoever
/// waited for it and has a new key is not refused by what the cache had.
#[tokio::test]
async fn a_set_from_a_cache_does_not_keep_a_new_key_out() {
    for kid in [None, Some(thumbprint(&OTHER_KEY))] {
        let publisher = Publisher::of(&[&OTHER_KEY]).await;
        publisher.cache(document(&[&APPLICATION_KEY], ""));
        let harness = publisher.tokenizer().await;
        assert_eq!(status(&harness, &OTHER_KEY, kid).await, 200, "no set");
        assert_eq!(publisher.revalidations(), [false, true]);

        let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
        publisher.cache(document(&[&APPLICATION_KEY], ""));
        let harness = Arc::new(publisher.tokenizer().await);
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        publisher.publish(document(&[&OTHER_KEY], ""));
        publisher.hold(true);
        harness.clock.advance(5 * MINUTE);
        let requests: Vec<_> = (0..8)
            .map(|_| {
                let harness = Arc::clone(&harness);
                tokio::spawn(async move { status(&harness, &OTHER_KEY, kid).await })
            })
            .collect();
        publisher.asked(2).await;
        publisher.hold(false);
        publisher.release();
        for request in requests {
            assert_eq!(request.await.unwrap(), 200, "a set that is due");
        }
        assert_eq!(publisher.revalidations(), [false, false, true]);
    }
}
