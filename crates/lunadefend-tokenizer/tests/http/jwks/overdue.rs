//! How old a key set may be that a JWT is judged by.

use super::{
    HOUR, MINUTE, SECOND, UNAVAILABLE,
    publisher::{Publisher, document, http, tokenizer},
    status, thumbprint, verdict,
};
use crate::{
    jwt::{APPLICATION_KEY, OTHER_KEY},
    remembered::REMEMBERED,
};
use lunadefend_core::provider::Clock;
use lunadefend_tokenizer::JwksSource;
use std::{sync::Arc, time::Duration};

const MILLISECOND: Duration = Duration::from_millis(1);
/// For how long a set without `Cache-Control` is fresh.
const FRESH: Duration = MINUTE.saturating_mul(5);
const GRACE: Duration = SECOND.saturating_mul(30);

fn broken() -> Vec<u8> {
    http("500 Internal Server Error", "", b"")
}

#[tokio::test]
async fn refreshed_in_the_background_when_it_is_due() {
    for (headers, fresh) in [
        ("", FRESH),
        ("Cache-Control: public, max-age=600\r\n", 10 * MINUTE),
        ("Cache-Control: max-age=1\r\n", MINUTE),
        ("Cache-Control: max-age=999999\r\n", HOUR),
    ] {
        let publisher = Publisher::start(document(&[&APPLICATION_KEY], headers)).await;
        let harness = publisher.tokenizer().await;
        let used = async || assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        used().await;
        harness.clock.advance(fresh - MILLISECOND);
        used().await;
        assert_eq!(publisher.requests(), 1, "{headers}");
        harness.clock.advance(MILLISECOND);
        // No caller waits: the application does not answer, and the old set is good enough.
        publisher.hold(true);
        used().await;
        publisher.asked(2).await;
        harness.clock.advance(GRACE - MILLISECOND);
        used().await;
        publisher.release();
    }
}

/// The key leaks and is retired, and then nobody comes for a night. Whoever has it comes first.
#[tokio::test]
async fn a_retired_key_is_refused_by_a_tokenizer_that_idled() {
    let idle = [FRESH + GRACE, HOUR, 20 * HOUR, 48 * HOUR];
    let cases = REMEMBERED.map(|remembered| idle.map(|idle| (remembered, idle)));
    for (remembered, idle) in cases.into_iter().flatten() {
        let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
        let harness = publisher.tokenizer_that_remembers(remembered).await;
        // With a name and without one: the tokenizer knows the key either way.
        let names = [None, Some(thumbprint(&APPLICATION_KEY))];
        for kid in names {
            assert_eq!(status(&harness, &APPLICATION_KEY, kid).await, 200);
        }
        publisher.publish(document(&[&OTHER_KEY], ""));
        harness.clock.advance(idle);
        for kid in names {
            assert_eq!(
                status(&harness, &APPLICATION_KEY, kid).await,
                401,
                "{remembered} {idle:?}"
            );
        }
        assert_eq!(status(&harness, &OTHER_KEY, None).await, 200);
    }
}

#[tokio::test]
async fn while_the_key_sets_host_is_slow_nothing_is_judged_by_the_old_set() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = Arc::new(publisher.tokenizer().await);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    publisher.publish(document(&[&OTHER_KEY], ""));
    publisher.hold(true);
    harness.clock.advance(FRESH + GRACE);
    let ask = |old: bool| {
        let harness = Arc::clone(&harness);
        tokio::spawn(async move {
            let key = if old { &*APPLICATION_KEY } else { &*OTHER_KEY };
            status(&harness, key, Some(thumbprint(key))).await
        })
    };
    let requests: Vec<_> = (0..32).map(|n| (n, ask(n % 2 == 0))).collect();
    publisher.asked(2).await;
    // What needs no key is answered meanwhile, and with it whoever does not wait would have been.
    for _ in 0..8 {
        assert_eq!(harness.get("/health", &[]).await.status, 200);
    }
    assert!(requests.iter().all(|(_, request)| !request.is_finished()));
    assert_eq!(publisher.requests(), 2, "all wait for one");
    publisher.hold(false);
    publisher.release();
    for (n, request) in requests {
        let expected = if n % 2 == 0 { 401 } else { 200 };
        assert_eq!(request.await.unwrap(), expected, "{n}");
    }
    // And who names a key that is not in it for another one, which passes caches.
    assert_eq!(publisher.revalidations(), [false, false, true]);
}

#[tokio::test]
async fn the_old_set_serves_only_when_a_fetch_failed_and_only_for_a_while() {
    let default = JwksSource::DEFAULT_STALE_IF_ERROR;
    assert_eq!(default, 15 * MINUTE);
    for (configured, stale) in [
        (None, default),
        (Some(SECOND), SECOND),
        (Some(MINUTE), MINUTE),
        (Some(24 * HOUR), 24 * HOUR),
    ] {
        let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
        let source = match configured {
            Some(time) => publisher.source().stale_if_error(time).unwrap(),
            None => publisher.source(),
        };
        let harness = tokenizer(source).await;
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        publisher.publish(broken());
        harness.clock.advance(FRESH + stale - MILLISECOND);
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        harness.clock.advance(MILLISECOND);
        let unavailable = (503, UNAVAILABLE.to_owned());
        let late = verdict(&harness, &APPLICATION_KEY, None).await;
        assert_eq!(late, unavailable, "{stale:?}");
        // And it comes back by itself.
        publisher.publish(document(&[&APPLICATION_KEY], ""));
        harness.clock.advance(SECOND);
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    }
}

#[tokio::test]
async fn an_old_set_that_may_never_serve() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let source = publisher.source().stale_if_error(Duration::ZERO).unwrap();
    let harness = tokenizer(source).await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    publisher.publish(broken());
    harness.clock.advance(FRESH - MILLISECOND);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    harness.clock.advance(MILLISECOND);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 503);

    let too_long = publisher.source().stale_if_error(24 * HOUR + MILLISECOND);
    let text = too_long.unwrap_err().to_string();
    assert_eq!(
        text,
        "LUNADEFEND_JWKS_STALE_IF_ERROR is wrong: it must be from 0s to 24h"
    );
}

/// Once a fetch has failed that was needed, the next one is half a minute later, and all wait for it.
#[tokio::test]
async fn after_a_failure_the_next_attempt_is_waited_for() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    publisher.publish(broken());
    harness.clock.advance(FRESH + GRACE);
    for half_minute in 0..3 {
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        harness.clock.advance(30 * SECOND - MILLISECOND);
        assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
        assert_eq!(publisher.requests(), 2 + half_minute);
        harness.clock.advance(MILLISECOND);
    }
    publisher.publish(document(&[&OTHER_KEY], ""));
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
    assert_eq!(publisher.revalidations()[4..], [false, true]);
}

/// A fetch that failed when the set was merely due was not the one that has to fail.
#[tokio::test]
async fn a_failure_from_before_the_set_was_overdue_does_not_count() {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer().await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    publisher.publish(broken());
    harness.clock.advance(FRESH + GRACE - SECOND);
    // Who names an unknown key waits for the fetch that has begun because the set is due.
    let unknown = Some(thumbprint(&OTHER_KEY));
    assert_eq!(status(&harness, &OTHER_KEY, unknown).await, 503);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    assert_eq!(publisher.requests(), 2);

    publisher.publish(document(&[&OTHER_KEY], ""));
    harness.clock.advance(SECOND);
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
    assert_eq!(publisher.revalidations()[2..], [false, true]);
}

/// Nobody knows how old a set is that comes from the future.
#[tokio::test]
async fn a_clock_that_was_set_back_does_not_keep_a_retired_key() {
    for remembered in REMEMBERED {
        clock_set_back_keeps_no_key(remembered).await;
    }
}

async fn clock_set_back_keeps_no_key(remembered: usize) {
    let publisher = Publisher::of(&[&APPLICATION_KEY]).await;
    let harness = publisher.tokenizer_that_remembers(remembered).await;
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 200);
    harness.clock.set(Clock::now(&harness.clock) - 12 * HOUR);
    publisher.publish(broken());
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 503);
    harness.clock.advance(SECOND);
    publisher.publish(document(&[&OTHER_KEY], ""));
    assert_eq!(status(&harness, &APPLICATION_KEY, None).await, 401);
    assert_eq!(status(&harness, &OTHER_KEY, None).await, 200);
}
