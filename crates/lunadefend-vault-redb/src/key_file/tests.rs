use super::*;
use lunadefend_jwt::SystemClock;
use lunadefend_vault::{Vault, VaultError, store::MemoryStore};
use std::{fs, sync::Arc};

/// Whether what one key sealed opens by the other.
async fn are_same(one: &MasterKey, other: &MasterKey) -> bool {
    let store = Arc::new(MemoryStore::default());
    let open = |key| Vault::open(store.clone(), key, Arc::new(SystemClock));
    open(one).await.unwrap();
    match open(other).await {
        Ok(_) => true,
        Err(VaultError::WrongMasterKey) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_key_is_made_once_and_before_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("tokens.redb");
    let file = MasterKeyFile::for_store(&store);
    assert_eq!(file.path(), directory.path().join("tokens.redb.key"));

    let (key, created) = master_key_for(&store).unwrap();
    assert!(created);
    let (again, created) = master_key_for(&store).unwrap();
    assert!(!created);
    assert!(are_same(&key, &again).await);
    assert!(!are_same(&key, &MasterKey::generate().unwrap().0).await);
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        1,
        "no temporary file stays"
    );
    assert!(matches!(file.create(), Err(OpenError::KeyFile { .. })));
    let loaded = file.load().unwrap().unwrap();
    assert!(are_same(&loaded, &key).await, "never overwritten");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

    fs::write(&store, b"content").unwrap();
    assert!(!master_key_for(&store).unwrap().1);
    fs::remove_file(file.path()).unwrap();
    let error = master_key_for(&store).unwrap_err();
    assert!(matches!(error, OpenError::KeyFileMissing { .. }));
    assert!(error.to_string().contains("tokens.redb.key"));
    assert!(!file.path().exists());

    // A file that nothing was written to is not a store yet.
    fs::write(&store, b"").unwrap();
    assert!(master_key_for(&store).unwrap().1);
}

#[test]
fn a_bad_key_file_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    let file = MasterKeyFile::for_store(&store);
    let write = |content: &[u8]| {
        let _ = fs::remove_file(file.path());
        file.create().unwrap();
        fs::write(file.path(), content).unwrap();
    };
    for content in [&b""[..], b"pass phrase", &[b'0'; 100_000]] {
        write(content);
        let error = master_key_for(&store).unwrap_err().to_string();
        assert!(error.contains("key file"), "{error}");
        assert!(error.contains("store.key"), "{error}");
    }
    fs::remove_file(file.path()).unwrap();
    fs::create_dir(file.path()).unwrap();
    assert!(matches!(
        master_key_for(&store),
        Err(OpenError::KeyFile { .. })
    ));
    let nowhere = directory.path().join("no such directory").join("store");
    assert!(matches!(
        master_key_for(&nowhere),
        Err(OpenError::KeyFile { .. })
    ));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    let file = MasterKeyFile::for_store(&store);
    master_key_for(&store).unwrap();
    let mode = |mode| fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
    let made = fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(made & 0o777, 0o600);

    for exposed in [0o604, 0o644, 0o602, 0o601] {
        mode(exposed);
        let error = master_key_for(&store).unwrap_err();
        assert!(matches!(error, OpenError::KeyFileExposed { .. }));
        assert!(error.to_string().contains("chmod 600"));
    }
    for fine in [0o600, 0o400, 0o640] {
        mode(fine);
        assert!(master_key_for(&store).is_ok());
    }
}
