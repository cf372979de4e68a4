//! Blobs that belong to nothing are deleted, and no others.

use super::*;
use futures_util::FutureExt;

const CHUNK: usize = stream::CHUNK_SIZE as usize;

async fn begin(world: &World) -> (NewToken, Upload) {
    let new = world.vault.create_token(None, None).await.unwrap();
    let upload = world.vault.begin_upload(&new.upload, u64::MAX).await;
    (new, upload.unwrap())
}

/// A value that does not fit into its row.
fn large(number: usize) -> Vec<u8> {
    format!("value {number:06}").repeat(2_000).into_bytes()
}

/// Purges and sweeps as a janitor of another process does.
async fn clean(world: &World) {
    world.vault.purge_expired().await.unwrap();
}

#[tokio::test]
async fn what_has_no_row_is_deleted_and_values_stay() {
    let world = World::new().await;
    // More than one step looks at.
    let mut tokens = Vec::new();
    for number in 0..MAX_ROWS + 20 {
        tokens.push(world.token(&large(number)).await);
    }
    let (_, mut upload) = begin(&world).await;
    upload.write(vec![7; 2 * CHUNK].into()).await.unwrap();
    let needed = world.store.blobs().await;
    let orphans: Vec<_> = (0..150_u8)
        .map(|number| BlobId::new([number; 32]))
        .collect();
    for id in &orphans {
        world.store.set_parts(*id, vec!["part".into()]).await;
    }
    clean(&world).await;
    assert_eq!(world.store.blobs().await, needed);
    upload.commit().await.unwrap();
    for (number, token) in tokens.iter().enumerate() {
        let value = world.read(token).await.unwrap();
        assert!(value == large(number));
    }
}

/// However long a part is on its way: while the lease lasts its blob stays, and afterwards the value
/// cannot be finished.
#[tokio::test]
async fn a_stalled_upload_is_not_swept_while_it_can_be_finished() {
    for stalls in [Operation::WritePart, Operation::Finish] {
        let world = World::new().await;
        let (new, mut upload) = begin(&world).await;
        upload.write(vec![7; 2 * CHUNK].into()).await.unwrap();
        let blobs = world.store.blobs().await;
        world.store.plan(stalls, 0, Fault::Stall);
        let mut committing = Box::pin(upload.commit());
        assert!((&mut committing).now_or_never().is_none());
        assert_eq!(world.store.stalled(), 1, "{stalls:?}");
        world.clock.advance(Duration::from_millis(59_999));
        clean(&world).await;
        assert_eq!(world.store.blobs().await, blobs, "{stalls:?}");
        world.store.clear();
        committing.await.unwrap();
        assert_eq!(world.read(&new.token).await.unwrap(), vec![7; 2 * CHUNK]);
        world.clock.advance(Duration::from_millis(10_000_000));
        clean(&world).await;
        assert_eq!(world.read(&new.token).await.unwrap(), vec![7; 2 * CHUNK]);
    }
}

#[tokio::test]
async fn what_arrives_after_its_lease_is_no_value_and_is_swept() {
    for stalls in [Operation::WritePart, Operation::Finish] {
        let world = World::new().await;
        let (new, mut upload) = begin(&world).await;
        upload.write(vec![7; 2 * CHUNK].into()).await.unwrap();
        world.store.plan(stalls, 0, Fault::Stall);
        let mut committing = Box::pin(upload.commit());
        assert!((&mut committing).now_or_never().is_none());
        world.clock.advance(Duration::from_millis(60_000));
        clean(&world).await;
        assert_eq!(world.store.blobs().await, []);
        world.store.clear();
        assert!(matches!(committing.await, Err(UploadError::Lost)));
        // Its last part came after the sweep.
        clean(&world).await;
        assert_eq!(world.store.blobs().await, [], "{stalls:?}");
        world.upload(&new, b"another attempt").await;
        let value = world.read(&new.token).await.unwrap();
        assert_eq!(value, b"another attempt");
    }
}

/// The janitor of one process must not take what another is about to finish: of a purge and the end of
/// an upload, at whatever time each of them believes it is, one is first.
#[tokio::test]
async fn a_purge_by_a_clock_that_is_ahead_costs_an_upload_and_no_value() {
    let world = World::new().await;
    let (new, mut upload) = begin(&world).await;
    upload.write(vec![7; 2 * CHUNK].into()).await.unwrap();
    world.vault.purge(later(60_000)).await.unwrap();
    world.vault.sweep(None).await.unwrap();
    assert!(matches!(upload.commit().await, Err(UploadError::Lost)));
    let ann = session("ann");
    let issued = world.vault.issue_download(&ann, &new.token, later(10));
    assert!(issued.await.unwrap().is_none());
}

#[tokio::test]
async fn a_sweep_that_cannot_read_deletes_nothing() {
    let world = World::new().await;
    let token = world.token(&large(1)).await;
    world.store.plan(Operation::GetMany, 0, Fault::After);
    assert!(world.vault.sweep(None).await.is_err());
    world.store.plan(Operation::List, 0, Fault::Before);
    assert!(world.vault.sweep(None).await.is_err());
    assert_eq!(world.store.clear(), 0);
    assert!(world.read(&token).await.unwrap() == large(1));
}

/// A sweep of many blobs goes on in the next round.
#[tokio::test]
async fn a_round_looks_at_so_many_blobs_and_the_next_at_the_rest() {
    let world = World::new().await;
    for number in 0..5_150_u32 {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        world
            .store
            .set_parts(BlobId::new(id), vec!["x".into()])
            .await;
    }
    let timer = Arc::new(SystemTimer::default());
    let janitor = Janitor::new(world.vault.clone(), timer);
    let first = janitor.round().await.unwrap();
    assert_eq!((first.rows, first.blobs), (0, 5_000));
    assert_eq!(janitor.round().await.unwrap().blobs, 150);
    assert_eq!(janitor.round().await.unwrap().blobs, 0);
    assert_eq!(world.store.blobs().await, []);
}
