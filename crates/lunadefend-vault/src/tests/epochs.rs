//! What revoking leaves of grants: those of the token are gone, those that come later count.

use super::*;
use futures_util::future::join_all;
use rows::token::{self, TokenRow};

/// Longer than any grant of these tests.
const REMEMBERED: UnixMillis = later_than_all(1);

const fn later_than_all(grants: u64) -> UnixMillis {
    UnixMillis::new(START.get() + grants * 10_000_000)
}

/// The sessions whose grant of the token counts.
async fn granted<'a>(world: &World, ids: &[&'a str], token: &TokenId) -> Vec<&'a str> {
    let mut granted = Vec::new();
    for id in ids {
        let expiry = world.vault.grant_expiry(&session(id), token).await;
        granted.extend(expiry.unwrap().is_some().then_some(*id));
    }
    granted
}

#[tokio::test]
async fn one_grant_or_all_of_a_token() {
    let world = World::new().await;
    let vault = &world.vault;
    let ids = ["ann", "bob"];
    // Also a token that the tokenizer does not know: an application may grant it.
    for token in [world.token(b"value").await, some_token()] {
        let other = world.token(b"other").await;
        for id in ids {
            for token in [&token, &other] {
                let made = vault.grant(&session(id), token, later(1_000)).await;
                made.unwrap();
            }
        }
        vault.revoke_grant(&session("ann"), &token).await.unwrap();
        assert_eq!(granted(&world, &ids, &token).await, ["bob"]);
        let made = vault.grant(&session("ann"), &token, later(1_000)).await;
        made.unwrap();
        assert_eq!(granted(&world, &ids, &token).await, ids);

        for _ in 0..2 {
            vault.revoke_token(&token, REMEMBERED).await.unwrap();
            assert_eq!(granted(&world, &ids, &token).await, [""; 0]);
        }
        // A new grant counts, also one that ends before the revoked ones would have.
        let made = vault.grant(&session("ann"), &token, later(500)).await;
        made.unwrap();
        assert_eq!(granted(&world, &ids, &token).await, ["ann"]);
        vault.revoke_grant(&session("ann"), &token).await.unwrap();
        vault.revoke_grant(&session("ann"), &token).await.unwrap();
        assert_eq!(granted(&world, &ids, &token).await, [""; 0]);
        assert_eq!(granted(&world, &ids, &other).await, ids);
    }
}

#[tokio::test]
async fn a_url_ends_with_its_grant() {
    let world = World::new().await;
    let vault = &world.vault;
    let ann = session("ann");
    let token = world.token(b"value").await;
    for all in [false, true] {
        vault.grant(&ann, &token, later(60_000)).await.unwrap();
        let issued = vault.issue_download(&ann, &token, later(60_000)).await;
        let issued = issued.unwrap().unwrap();
        let opened = vault.open_download(&issued).await.unwrap();
        assert!(opened.is_some());
        if all {
            vault.revoke_token(&token, REMEMBERED).await.unwrap();
        } else {
            vault.revoke_grant(&ann, &token).await.unwrap();
        }
        assert!(vault.open_download(&issued).await.unwrap().is_none());
        if all {
            // Not even with a new grant.
            vault.grant(&ann, &token, later(60_000)).await.unwrap();
            let opened = vault.open_download(&issued).await.unwrap();
            assert!(opened.is_none());
        }
    }
    assert_eq!(world.read(&token).await.unwrap(), b"value");
}

#[tokio::test]
async fn value_and_metadata_stay_as_they_were() {
    let world = World::new().await;
    let vault = &world.vault;
    let written = metadata(r#"{"a":"b"}"#);
    let new = vault.create_token(Some(&written), None).await.unwrap();
    // While the value is on its way.
    vault.revoke_token(&new.token, REMEMBERED).await.unwrap();
    world.upload(&new, b"value").await;
    vault.revoke_token(&new.token, REMEMBERED).await.unwrap();
    let kept = vault.metadata(&new.token).await.unwrap().unwrap();
    assert_eq!(kept.as_json(), written.as_json());
    assert_eq!(world.read(&new.token).await.unwrap(), b"value");
    world.clock.set(later_than_all(3));
    vault.purge_expired().await.unwrap();
    assert_eq!(world.read(&new.token).await.unwrap(), b"value");
}

/// A row that counts an epoch goes only when nothing depends on it any more.
#[tokio::test]
async fn no_grant_comes_back_and_none_ends_early_when_the_row_of_an_unknown_token_goes() {
    let world = World::new().await;
    let vault = &world.vault;
    let token = some_token();
    let (ann, bob) = (session("ann"), session("bob"));
    let before_it_goes = UnixMillis::new(REMEMBERED.get() - 1);
    vault.grant(&ann, &token, before_it_goes).await.unwrap();
    vault.revoke_token(&token, REMEMBERED).await.unwrap();
    let after = later_than_all(2);
    vault.grant(&bob, &token, after).await.unwrap();
    for now in [before_it_goes, REMEMBERED, UnixMillis::new(after.get() - 1)] {
        world.clock.set(now);
        vault.purge_expired().await.unwrap();
        assert_eq!(granted(&world, &["ann", "bob"], &token).await, ["bob"]);
    }
    world.clock.set(after);
    vault.purge_expired().await.unwrap();
    assert!(world.store.rows(Table::Token).await.is_empty());
    assert!(world.store.rows(Table::Grant).await.is_empty());
    // Nothing is left to confuse it with.
    vault.grant(&ann, &token, later_than_all(3)).await.unwrap();
    assert_eq!(granted(&world, &["ann", "bob"], &token).await, ["ann"]);
}

#[tokio::test]
async fn a_row_that_has_expired_and_is_there_still_counts() {
    let world = World::new().await;
    let vault = &world.vault;
    let token = some_token();
    let ann = session("ann");
    vault.grant(&ann, &token, later(100)).await.unwrap();
    vault.revoke_token(&token, later(10)).await.unwrap();
    world.clock.set(later(20));
    assert_eq!(vault.grant_expiry(&ann, &token).await.unwrap(), None);
    vault.grant(&ann, &token, later(50)).await.unwrap();
    let expiry = vault.grant_expiry(&ann, &token).await.unwrap();
    assert_eq!(expiry, Some(later(50)));
    vault.revoke_token(&token, REMEMBERED).await.unwrap();
    assert_eq!(vault.grant_expiry(&ann, &token).await.unwrap(), None);
}

/// A request that read the old epoch and writes its grant after the revocation.
#[tokio::test]
async fn a_grant_of_an_earlier_epoch_never_counts() {
    let world = World::new().await;
    let vault = &world.vault;
    let (ann, ring) = (session("ann"), vault.ring());
    for token in [world.token(b"value").await, some_token()] {
        for _ in 0..3 {
            let epoch = vault.epoch_until(&token, later(1_000)).await.unwrap();
            vault.revoke_token(&token, REMEMBERED).await.unwrap();
            let at = rows::grant::address(&ring, &ann, &token, epoch.unwrap());
            let row = rows::grant::row(&ring, &at, later(1_000));
            vault.raise_expiry(&[(at, row)]).await.unwrap();
            assert_eq!(vault.grant_expiry(&ann, &token).await.unwrap(), None);
            // Nor does it keep out one that counts.
            vault.grant(&ann, &token, later(10)).await.unwrap();
            let expiry = vault.grant_expiry(&ann, &token).await.unwrap();
            assert_eq!(expiry, Some(later(10)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn revocations_that_race_count_one_each() {
    let world = World::new().await;
    let token = world.token(b"value").await;
    let racing = (0..8).map(|_| {
        let (vault, token) = (world.vault.clone(), token.clone());
        tokio::spawn(async move { vault.revoke_token(&token, REMEMBERED).await })
    });
    for revoked in join_all(racing).await {
        revoked.unwrap().unwrap();
    }
    let ring = world.vault.ring();
    let at = token::address(&ring, &token);
    let row = world.store.row(at).await.unwrap();
    let row: TokenRow = ring.open_row(&at, &row).unwrap();
    assert_eq!(row.epoch(START).unwrap().get(), 8);
}

/// Whether the grants of two tokens count, by all three ways to ask.
async fn count(world: &World, tokens: &[TokenId; 2]) -> [[bool; 2]; 3] {
    let (vault, ann) = (&world.vault, session("ann"));
    let mut alone = Vec::new();
    for token in tokens {
        alone.push(vault.grant_expiry(&ann, token).await.unwrap().is_some());
    }
    let asked = tokens.clone().map(|token| (ann.clone(), token));
    let many = vault.held_grants(asked.into()).await.unwrap();
    let many = many.iter().map(|held| held.expires_at().is_some());
    let read = ReadId::new([1; 16]);
    let values = vault.read_values(&ann, tokens, read, 1_000).await.unwrap();
    let values = values
        .iter()
        .map(|found| matches!(found, Found::Value { .. }));
    [alone, many.collect(), values.collect()].map(|verdicts| verdicts.try_into().unwrap())
}

#[tokio::test]
async fn the_present_epoch_counts_in_whichever_way_it_is_asked_for() {
    let world = World::new().await;
    let (vault, ann) = (&world.vault, session("ann"));
    let tokens = [world.token(b"1").await, world.token(b"2").await];
    for token in &tokens {
        vault.grant(&ann, token, later(1_000)).await.unwrap();
    }
    assert_eq!(count(&world, &tokens).await, [[true, true]; 3]);
    vault.revoke_token(&tokens[1], REMEMBERED).await.unwrap();
    assert_eq!(count(&world, &tokens).await, [[true, false]; 3]);
    vault.grant(&ann, &tokens[1], later(1_000)).await.unwrap();
    assert_eq!(count(&world, &tokens).await, [[true, true]; 3]);
    vault.end_session(&ann, REMEMBERED).await.unwrap();
    assert_eq!(count(&world, &tokens).await, [[false, false]; 3]);
}

#[tokio::test]
async fn a_grant_is_one_read_until_its_token_is_revoked() {
    let world = World::new().await;
    let (vault, ann, token) = (&world.vault, session("ann"), some_token());
    for reads in [1, 2] {
        vault.grant(&ann, &token, later(1_000)).await.unwrap();
        drop(world.store.take_calls());
        vault.grant_expiry(&ann, &token).await.unwrap().unwrap();
        assert_eq!(world.store.take_calls(), vec![Operation::GetMany; reads]);
        let asked = vec![(ann.clone(), token.clone())];
        vault.held_grants(asked).await.unwrap();
        assert_eq!(world.store.take_calls(), vec![Operation::GetMany; reads]);
        vault.revoke_token(&token, REMEMBERED).await.unwrap();
    }
}
