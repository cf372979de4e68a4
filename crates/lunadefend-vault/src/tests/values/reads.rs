//! The end of a value: after its reads, or its time.

use super::*;
use futures_util::future::join_all;
use proptest::prelude::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn a_value_is_read_as_often_as_it_may_be() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    for (reads, value) in [(1, 100), (3, 100), (1, 20_000), (2, 20_000)] {
        let request = Tokenization {
            reads: Reads::new(reads),
            ..by(&ann, None)
        };
        let Tokenized::Waiting(new) = vault.tokenize(&request).await.unwrap() else {
            panic!("it has no value yet");
        };
        assert_eq!(read(vault, "ann", &new.token, READ).await, None);
        world.upload(&new, &vec![7; value]).await;
        let (token, bob) = (new.token, session("bob"));
        vault.grant(&bob, &token, later(3_600_000)).await.unwrap();
        let mut read_ids = Vec::new();
        let found = async |by: &SessionId, read: ReadId| {
            let found = vault
                .read_values(by, std::slice::from_ref(&token), read, 100_000)
                .await;
            !matches!(found.unwrap()[0], Found::Refused)
        };
        for _ in 0..reads {
            let read = another();
            // A lost answer is asked for again.
            for _ in 0..3 {
                assert!(found(&ann, read).await);
            }
            read_ids.push(read);
        }
        for read in &read_ids {
            assert!(found(&ann, *read).await, "still within the minute");
            assert!(!found(&bob, *read).await, "the read of another session");
        }
        assert!(!found(&ann, another()).await);
        let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
        assert!(ticket.unwrap().is_none());
        world.clock.advance(Duration::from_secs(60));
        assert!(!found(&ann, read_ids[0]).await);
        // What nobody can read any more goes.
        world.clock.advance(DAY);
        vault.purge_expired().await.unwrap();
        let ring = vault.ring();
        let at = rows::value::address(&ring, &token);
        assert_eq!(world.store.row(at).await, None);
        let at = rows::reads::address(&ring, &token);
        world.clock.advance(Duration::from_secs(60 * 60));
        vault.purge_expired().await.unwrap();
        assert_eq!(world.store.row(at).await, None);
        assert_eq!(world.store.blobs().await, []);
        assert!(!found(&ann, another()).await);
        world.clock.set(START);
    }
}

#[tokio::test]
async fn each_url_is_a_read_and_its_use_is_none() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let value = inline("value");
    let request = Tokenization {
        reads: Reads::new(2),
        ..by(&ann, Some(&value))
    };
    let token = stored(vault, &request).await;
    for _ in 0..2 {
        let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
        let ticket = ticket.unwrap().unwrap();
        for _ in 0..5 {
            assert!(vault.open_download(&ticket).await.unwrap().is_some());
        }
    }
    let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
    assert!(ticket.unwrap().is_none());
    assert_eq!(read(vault, "ann", &token, READ).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_readers_that_race_as_many_read_as_may() {
    let world = World::new().await;
    let ann = session("ann");
    for reads in [1, 3] {
        let value = inline("value");
        let request = Tokenization {
            reads: Reads::new(reads),
            ..by(&ann, Some(&value))
        };
        let token = stored(&world.vault, &request).await;
        let racing = (0..16).map(|_| {
            let (vault, token) = (world.vault.clone(), token.clone());
            tokio::spawn(async move { read(&vault, "ann", &token, another()).await })
        });
        let found = join_all(racing).await;
        let found = found
            .into_iter()
            .filter(|found| found.as_ref().unwrap().is_some());
        assert_eq!(found.count(), reads as usize);
    }
}

#[tokio::test]
async fn an_expired_value_is_refused_at_once_and_goes_a_day_later() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let lifetime = ValueLifetime::new(Duration::from_secs(60)).unwrap();
    for length in [5, 20_000] {
        let request = Tokenization {
            expires_in: Some(lifetime),
            kind: Some(ValueKind::Text),
            ..by(&ann, None)
        };
        let Tokenized::Waiting(new) = vault.tokenize(&request).await.unwrap() else {
            panic!("it has no value yet");
        };
        world.upload(&new, &vec![7; length]).await;
        let token = new.token;
        let start = vault.now();
        let ticket = vault.issue_download(&ann, &token, later(3_600_000)).await;
        let ticket = ticket.unwrap().unwrap();
        world.clock.advance(Duration::from_millis(59_999));
        assert!(vault.grant_expiry(&ann, &token).await.unwrap().is_some());
        assert!(vault.open_download(&ticket).await.unwrap().is_some());
        assert!(vault.describe(std::slice::from_ref(&token)).await.unwrap()[0].is_some());
        world.clock.advance(Duration::from_millis(1));
        for _ in 0..2 {
            assert_eq!(vault.grant_expiry(&ann, &token).await.unwrap(), None);
            assert!(vault.open_download(&ticket).await.unwrap().is_none());
            assert_eq!(read(vault, "ann", &token, READ).await, None);
            assert!(vault.metadata(&token).await.unwrap().is_none());
            assert!(vault.describe(std::slice::from_ref(&token)).await.unwrap()[0].is_none());
            let held = vault.held_grants(vec![(ann.clone(), token.clone())]).await;
            assert_eq!(held.unwrap()[0].expires_at(), None);
            // A grant of it is no error, and nothing.
            vault.grant(&ann, &token, later(3_600_000)).await.unwrap();
        }
        let at = rows::value::address(&vault.ring(), &token);
        world
            .clock
            .set((start + Duration::from_secs(60) + DAY).saturating_sub(Duration::from_millis(1)));
        vault.purge_expired().await.unwrap();
        assert!(world.store.row(at).await.is_some());
        world.clock.advance(Duration::from_millis(1));
        vault.purge_expired().await.unwrap();
        assert_eq!(world.store.row(at).await, None);
        assert_eq!(world.store.blobs().await, []);
        world.clock.set(START);
    }
}

#[tokio::test]
async fn a_code_of_a_card_is_read_once_within_a_day() {
    let world = World::new().await;
    let vault = world.vault.clone().with_masks(MaskPolicy::default());
    let ann = session("ann");
    for (expires_in, expected) in [
        (None, DAY),
        (Some(DAY * 365), DAY),
        (Some(DAY / 2), DAY / 2),
    ] {
        let value = inline("123");
        let request = Tokenization {
            kind: Some(ValueKind::CardCvc),
            reads: Reads::new(100),
            expires_in: expires_in.map(|time| ValueLifetime::new(time).unwrap()),
            ..by(&ann, Some(&value))
        };
        let token = stored(&vault, &request).await;
        let described = vault.describe(std::slice::from_ref(&token)).await.unwrap();
        let described = described[0].clone().unwrap();
        assert_eq!(described.expires_at, Some((START + expected).get()));
        assert_eq!(described.mask, None);
        assert!(read(&vault, "ann", &token, another()).await.is_some());
        assert!(read(&vault, "ann", &token, another()).await.is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of any readers, with lost answers and a clock that moves both ways: no more reads than permitted.
    #[test]
    fn no_history_reads_more_often(
        reads in 1..5_u32,
        steps in prop::collection::vec((0..8_u8, 0..40_000_u64, any::<bool>()), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let ann = session("ann");
            let value = inline("value");
            let request = Tokenization { reads: Reads::new(reads), ..by(&ann, Some(&value)) };
            let token = stored(&world.vault, &request).await;
            let mut seen = std::collections::HashSet::new();
            for (id, millis, is_back) in steps {
                let by = Duration::from_millis(millis);
                let now = world.vault.now();
                let moved = if is_back { now.saturating_sub(by).max(START) } else { now + by };
                world.clock.set(moved.min(later(3_500_000)));
                if read(&world.vault, "ann", &token, ReadId::new([id; 16])).await.is_some() {
                    seen.insert(id);
                }
            }
            assert!(seen.len() <= reads as usize);
        });
    }
}
