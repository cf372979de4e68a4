//! The look at every row and every part of a store.

use super::{restored::found_wrong, *};
use crate::rows::token::{self, MadeToken, StoredMetadata, TokenRow};

#[tokio::test]
async fn a_check_finds_what_is_damaged_missing_or_too_much() {
    let world = World::new().await;
    let ann = session("ann");
    let token = world.token(&vec![7; 100_000]).await;
    world
        .vault
        .grant(&ann, &token, later(60_000))
        .await
        .unwrap();
    let (checked, findings) = found_wrong(&*world.store, &world.master).await;
    assert_eq!(findings, [""; 0]);
    assert_eq!(
        (checked.long_values, checked.parts, checked.left_over),
        (1, 2, 0)
    );
    assert_eq!(checked.rows[&Table::Grant], 1);

    let ring = world.vault.ring();
    let chunks = world.store.chunks().await;
    let blob = chunks[0].0;
    let parts = world.store.parts(blob).await;
    let find = async |expected: &str| {
        let (checked, findings) = found_wrong(&*world.store, &world.master).await;
        assert_eq!(findings.len() as u64, checked.findings);
        assert!(
            findings.len() == 1 && findings[0].contains(expected),
            "{findings:?}"
        );
    };
    // Its parts.
    let mut flipped = parts[1].to_vec();
    flipped[5] ^= 1;
    world.store.set_chunk(chunks[1], flipped).await;
    find("part 1 is missing or damaged").await;
    world.store.set_parts(blob, vec![parts[0].clone()]).await;
    find("part 1 is missing or damaged").await;
    let surplus = [&parts[..], &parts[..1]].concat();
    world.store.set_parts(blob, surplus).await;
    find("surplus").await;
    world.store.set_parts(blob, parts.clone()).await;
    // Rows that belong together.
    let blob_at = rows::blob::address(blob);
    let row = world.store.row(blob_at).await.unwrap();
    world.store.change(blob_at, Change::Delete).await;
    find("no row keeps the parts").await;
    world.store.put(blob_at, row).await;
    let value_at = rows::value::address(&ring, &token);
    let value = world.store.row(value_at).await.unwrap();
    world.store.change(value_at, Change::Delete).await;
    find("it keeps a value that is not there").await;
    world.store.put(value_at, value.clone()).await;
    // Metadata that no version would have stored, in a row that opens.
    let token_at = token::address(&ring, &token);
    let row = world.store.row(token_at).await.unwrap();
    let made = MadeToken {
        metadata: Some(StoredMetadata::from_row("[")),
        ..MadeToken::default()
    };
    let other = ring.seal_row(&token_at, row.expires_at, &TokenRow::Made(made));
    world.store.put(token_at, other.unwrap()).await;
    find("token").await;
    world.store.put(token_at, row).await;
    // Each table: a changed row is found, by the start of its key.
    for table in Table::ALL {
        for (at, row) in world.store.rows(table).await {
            if at == Ring::own_address() {
                continue;
            }
            let mut other = row.value.to_vec();
            if let Some(last) = other.last_mut() {
                *last ^= 1;
            }
            let changed = Row {
                value: other.into(),
                ..row.clone()
            };
            world.store.put(at, changed).await;
            let (_, findings) = found_wrong(&*world.store, &world.master).await;
            let name = format!(
                "{} {}",
                table.name(),
                &lunadefend_crypto::hex(at.key.as_bytes())[..16]
            );
            assert!(
                findings.iter().any(|finding| finding.starts_with(&name)),
                "{table:?}"
            );
            world.store.put(at, row).await;
        }
    }
    // What interrupted uploads leave is no finding.
    world.store.set_parts(BlobId::new([9; 32]), parts).await;
    let (checked, findings) = found_wrong(&*world.store, &world.master).await;
    assert_eq!((findings, checked.left_over), (vec![], 1));
}
