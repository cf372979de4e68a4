use super::*;
use futures_util::{FutureExt, future::join_all};
use proptest::prelude::*;

const CHUNK: usize = stream::CHUNK_SIZE as usize;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn values_of_any_length_come_back() {
    let world = World::new().await;
    for (length, chunks) in [
        (0, 0),
        (1, 0),
        (MAX_INLINE, 0),
        (MAX_INLINE + 1, 1),
        (CHUNK - 1, 1),
        (CHUNK, 1),
        (CHUNK + 1, 2),
        (2 * CHUNK, 2),
        (1024 * 1024, 17),
    ] {
        let value = pattern(length);
        let before = world.store.chunks().await.len();
        let token = world.token(&value).await;
        assert_eq!(world.store.chunks().await.len() - before, chunks);
        assert!(world.read(&token).await.unwrap() == value, "{length}");
    }
}

#[tokio::test]
async fn a_value_without_a_write_is_empty() {
    let world = World::new().await;
    let new = world.vault.create_token(None, None).await.unwrap();
    let upload = world.vault.begin_upload(&new.upload, 0).await.unwrap();
    assert_eq!(upload.commit().await.unwrap(), 0);
    assert_eq!(world.read(&new.token).await.unwrap(), b"");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// However the body is cut on its way.
    #[test]
    fn the_cuts_of_the_body_do_not_matter(cuts in prop::collection::vec(0..3 * CHUNK, 0..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = runtime.block_on(async {
            let world = World::new().await;
            let new = world.vault.create_token(None, None).await.unwrap();
            let mut upload = world.vault.begin_upload(&new.upload, u64::MAX).await.unwrap();
            let value = pattern(cuts.iter().sum());
            let mut rest = &value[..];
            for cut in &cuts {
                let (now, later) = rest.split_at(*cut);
                upload.write(Bytes::copy_from_slice(now)).await.unwrap();
                rest = later;
            }
            upload.commit().await.unwrap();
            world.read(&new.token).await.unwrap() == value
        });
        prop_assert!(read);
    }
}

#[tokio::test]
async fn the_limit_is_the_longest_value() {
    let world = World::new().await;
    let new = world.vault.create_token(None, None).await.unwrap();
    let mut upload = world
        .vault
        .begin_upload(&new.upload, 100_000)
        .await
        .unwrap();
    upload.write(vec![7; 99_999].into()).await.unwrap();
    let error = upload.write(vec![7; 2].into()).await.unwrap_err();
    assert!(matches!(error, UploadError::TooLarge(100_000)));
    assert!(
        matches!(upload.commit().await, Err(UploadError::Lost)),
        "a value cut short is never finished"
    );

    let mut upload = begin(&world, &new).await;
    upload.write(vec![7; 100_000].into()).await.unwrap();
    upload.commit().await.unwrap();
    assert_eq!(world.read(&new.token).await.unwrap().len(), 100_000);
}

/// Begins as soon as the lease of a dropped upload was given back in the background.
async fn begin(world: &World, new: &NewToken) -> Upload {
    loop {
        match world.vault.begin_upload(&new.upload, 100_000).await {
            Ok(upload) => return upload,
            Err(error) => assert!(matches!(error, UploadError::Busy), "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_uploads_that_race_one_begins() {
    let world = World::new().await;
    for _ in 0..10 {
        let new = world.vault.create_token(None, None).await.unwrap();
        let racing = (0..16).map(|_| {
            let vault = world.vault.clone();
            tokio::spawn(async move {
                let mut upload = vault.begin_upload(&new.upload, MAX).await?;
                upload.write(pattern(2 * CHUNK).into()).await?;
                Ok(upload)
            })
        });
        let mut begun = Vec::new();
        for result in join_all(racing).await {
            match result.unwrap() {
                Ok(upload) => begun.push(upload),
                Err(error) => assert!(matches!(error, UploadError::Busy), "{error}"),
            }
        }
        assert_eq!(begun.len(), 1);
        begun.pop().unwrap().commit().await.unwrap();
        let again = world.vault.begin_upload(&new.upload, MAX).await;
        assert!(matches!(again, Err(UploadError::Used)));
    }
}

/// Small ones take no lease: the first that ends counts, and the others hear of it.
#[tokio::test(flavor = "multi_thread")]
async fn of_small_uploads_that_race_one_ends() {
    let world = World::new().await;
    for _ in 0..10 {
        let new = world.vault.create_token(None, None).await.unwrap();
        let racing = (0..16_u8).map(|number| {
            let vault = world.vault.clone();
            tokio::spawn(async move {
                let mut upload = vault.begin_upload(&new.upload, MAX).await?;
                upload.write(vec![number; 100].into()).await?;
                upload.commit().await.map(|_| number)
            })
        });
        let mut stored = Vec::new();
        for result in join_all(racing).await {
            match result.unwrap() {
                Ok(number) => stored.push(number),
                Err(error) => assert!(matches!(error, UploadError::Used), "{error}"),
            }
        }
        assert_eq!(stored.len(), 1);
        assert_eq!(world.read(&new.token).await.unwrap(), vec![stored[0]; 100]);
    }
    assert_eq!(world.store.blobs().await, []);
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing_and_can_be_repeated() {
    let world = World::new().await;
    let new = world.vault.create_token(None, None).await.unwrap();
    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write(pattern(3 * CHUNK).into()).await.unwrap();
    assert!(!world.store.chunks().await.is_empty());
    upload.abort().await.unwrap();
    assert!(world.store.chunks().await.is_empty());
    let ann = session("ann");
    let issued = world.vault.issue_download(&ann, &new.token, later(1)).await;
    assert!(issued.unwrap().is_none(), "there is no value");

    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write(pattern(2 * CHUNK).into()).await.unwrap();
    drop(upload);
    let mut upload = begin(&world, &new).await;
    upload.write("second".into()).await.unwrap();
    upload.commit().await.unwrap();
    assert_eq!(world.read(&new.token).await.unwrap(), b"second");
}

#[tokio::test]
async fn the_lease_of_a_dead_upload_ends() {
    let world = World::new().await;
    let new = world.vault.create_token(None, None).await.unwrap();
    // Nobody tells the vault that this one is dead.
    let mut dead = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    dead.write(pattern(2 * CHUNK).into()).await.unwrap();
    world.clock.advance(Duration::from_millis(59_999));
    let busy = world.vault.begin_upload(&new.upload, MAX).await;
    assert!(matches!(busy, Err(UploadError::Busy)));
    world.clock.advance(Duration::from_millis(1));
    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write(pattern(CHUNK + 1).into()).await.unwrap();

    // It wakes up, and must not get in between.
    let late = dead.write(pattern(2 * CHUNK).into()).await;
    assert!(matches!(late, Err(UploadError::Lost)));
    assert!(matches!(dead.commit().await, Err(UploadError::Lost)));
    upload.commit().await.unwrap();
    assert!(world.read(&new.token).await.unwrap() == pattern(CHUNK + 1));

    assert_eq!(world.store.chunks().await.len(), 3);
    world.vault.purge_expired().await.unwrap();
    assert_eq!(world.store.chunks().await.len(), 2, "its chunks are purged");
    assert!(world.read(&new.token).await.unwrap() == pattern(CHUNK + 1));
}

#[tokio::test]
async fn a_purge_in_between_does_not_lose_chunks() {
    let world = World::new().await;
    let new = world.vault.create_token(None, None).await.unwrap();
    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    upload.write(pattern(2 * CHUNK).into()).await.unwrap();
    world.clock.advance(Duration::from_millis(60_000));
    world.vault.purge_expired().await.unwrap();
    assert!(world.store.chunks().await.is_empty());
    assert!(matches!(upload.commit().await, Err(UploadError::Lost)));
    assert!(world.store.chunks().await.is_empty());
}

#[tokio::test]
async fn a_slow_upload_keeps_its_lease() {
    let world = World::new().await;
    let new = world.vault.create_token(None, None).await.unwrap();
    let mut upload = world
        .vault
        .begin_upload(&new.upload, u64::MAX)
        .await
        .unwrap();
    upload.write("first".into()).await.unwrap();
    for _ in 0..40 {
        upload.write(pattern(CHUNK).into()).await.unwrap();
        world.clock.advance(Duration::from_millis(59_000));
        world.vault.purge_expired().await.unwrap();
        let busy = world.vault.begin_upload(&new.upload, MAX).await;
        assert!(matches!(
            busy,
            Err(UploadError::Busy | UploadError::Unknown)
        ));
    }
    assert!(world.vault.now() > new.upload_expires_at);
    upload.commit().await.unwrap();
    let value = [b"first", &pattern(CHUNK).repeat(40)[..]].concat();
    assert!(world.read(&new.token).await.unwrap() == value);
}

#[tokio::test]
async fn an_upload_begins_before_its_url_expires() {
    let world = World::new().await;
    let [early, late] = [
        world.vault.create_token(None, None).await.unwrap(),
        world.vault.create_token(None, None).await.unwrap(),
    ];
    world.clock.set(
        early
            .upload_expires_at
            .saturating_sub(Duration::from_millis(1)),
    );
    let upload = world.vault.begin_upload(&early.upload, MAX).await.unwrap();
    world.clock.advance(Duration::from_millis(1));
    let result = world.vault.begin_upload(&late.upload, MAX).await;
    assert!(matches!(result, Err(UploadError::Unknown)));
    upload.commit().await.unwrap();
    assert_eq!(world.read(&early.token).await.unwrap(), b"");
    // A small one has the time of a lease for it.
    let third = world.vault.create_token(None, None).await.unwrap();
    world.clock.set(
        third
            .upload_expires_at
            .saturating_sub(Duration::from_millis(1)),
    );
    let upload = world.vault.begin_upload(&third.upload, MAX).await.unwrap();
    world.clock.advance(Duration::from_millis(60_001));
    assert!(matches!(upload.commit().await, Err(UploadError::Unknown)));

    let unknown = UploadId::generate().unwrap();
    let result = world.vault.begin_upload(&unknown, MAX).await;
    assert!(matches!(result, Err(UploadError::Unknown)));
}

/// Sealing another chunk under the index of the lost one would use its nonce twice.
#[tokio::test]
async fn a_write_that_was_given_up_breaks_the_upload() {
    let world = World::new().await;
    let new = world.vault.create_token(None, None).await.unwrap();
    let mut upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
    world.store.plan(Operation::WritePart, 0, Fault::Stall);
    let given_up = upload.write(pattern(2 * CHUNK).into()).now_or_never();
    assert!(given_up.is_none(), "it waits for the store");
    assert_eq!(world.store.clear(), 0);
    let result = upload.write(pattern(2 * CHUNK).into()).await;
    assert!(matches!(result, Err(UploadError::Lost)));
    assert!(matches!(upload.commit().await, Err(UploadError::Lost)));
}

#[test]
fn an_upload_may_be_dropped_outside_of_a_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let (world, upload) = runtime.block_on(async {
        let world = World::new().await;
        let new = world.vault.create_token(None, None).await.unwrap();
        let upload = world.vault.begin_upload(&new.upload, MAX).await.unwrap();
        (world, upload)
    });
    drop(runtime);
    drop(upload);
    drop(world);
}
