//! An acknowledged write survives `kill -9`.

#[cfg(test)]
mod kill {
    use lunadefend_core::{
        SessionId,
        provider::{Clock, SecretValue, TokenId},
        wire::{InlineValue, Metadata, ReadId, Reads},
    };
    use lunadefend_crypto::random_bytes;
    use lunadefend_jwt::SystemClock;
    use lunadefend_vault::{Found, Owner, Tokenization, Tokenized, Vault};
    use lunadefend_vault_redb::{EmbeddedOptions, EmbeddedStore, master_key_for};
    use std::{
        collections::HashMap,
        fs,
        io::{BufRead, BufReader},
        path::Path,
        process::{Command, Stdio},
        sync::Arc,
        time::Duration,
    };

    /// In the directory that the writing process is started in: without it that test does nothing.
    const MARKER: &str = "written-until-killed";
    const STORE: &str = "store";
    const SESSION: &str = "the session that every token is granted to";
    const HOUR: Duration = Duration::from_secs(60 * 60);

    async fn open(directory: &Path) -> Vault {
        let path = directory.join(STORE);
        let (master, _) = master_key_for(&path).unwrap();
        let store = EmbeddedStore::open(&path, &EmbeddedOptions::default()).unwrap();
        Vault::open(Arc::new(store), &master, Arc::new(SystemClock))
            .await
            .unwrap()
    }

    /// What the value of a token is in this test; several chunks for some.
    fn value(token: &TokenId) -> Vec<u8> {
        let id = token.expose_id().as_bytes();
        let times = if id.ends_with(b"0") { 4_000 } else { 1 };
        id.repeat(times)
    }

    async fn store_once(vault: &Vault, session: &SessionId) -> TokenId {
        let value = InlineValue::new(SecretValue::new("once")).unwrap();
        let asked = Tokenization {
            value: Some(&value),
            reads: Some(Reads::ONCE),
            owner: Some(Owner {
                session,
                granted_until: SystemClock.unix_millis() + HOUR,
                quota: None,
            }),
            ..Tokenization::default()
        };
        match vault.tokenize(&asked).await.unwrap() {
            Tokenized::Stored(token) => token,
            Tokenized::Waiting(new) => panic!("{new:?}"),
        }
    }

    async fn is_read(vault: &Vault, session: &SessionId, token: &TokenId, read: ReadId) -> bool {
        let tokens = std::slice::from_ref(token);
        let found = vault.read_values(session, tokens, read, 100).await.unwrap();
        matches!(found[..], [Found::Value { .. }])
    }

    /// What the killed process said about a value that may be read once.
    #[derive(Default)]
    struct Once {
        tried: Option<ReadId>,
        was_read: bool,
    }

    /// At most one read ever gets it, whether or not the process heard of it before it was killed.
    async fn check_once(vault: &Vault, token: &TokenId, once: &Once) {
        let session = SessionId::new(SESSION).unwrap();
        let new = || ReadId::new(random_bytes().unwrap());
        // Within a minute; a busy machine may take longer.
        let again = match once.tried {
            Some(read) => is_read(vault, &session, token, read).await,
            None => false,
        };
        let first = is_read(vault, &session, token, new()).await;
        assert!(!(first && (again || once.was_read)), "it was read twice");
        assert!(
            first || once.tried.is_some(),
            "a value that was acknowledged and never read"
        );
        assert!(!is_read(vault, &session, token, new()).await);
    }

    #[test]
    #[ignore = "the process that the other test kills"]
    fn writes_until_it_is_killed() {
        if !Path::new(MARKER).exists() {
            return;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .unwrap();
        runtime.block_on(async {
            let vault = open(Path::new(".")).await;
            let mut writers = Vec::new();
            for _ in 0..16 {
                let vault = vault.clone();
                writers.push(tokio::spawn(async move {
                    let session = SessionId::new(SESSION).unwrap();
                    while Path::new(MARKER).exists() {
                        let owner = Some((&session, SystemClock.unix_millis() + HOUR));
                        let metadata = Metadata::string();
                        let new = vault.create_token(Some(&metadata), owner).await.unwrap();
                        println!("token {} .", new.token.expose_id());
                        let mut upload =
                            vault.begin_upload(&new.upload, 1024 * 1024).await.unwrap();
                        upload.write(value(&new.token).into()).await.unwrap();
                        upload.commit().await.unwrap();
                        println!("value {} .", new.token.expose_id());
                        let token = store_once(&vault, &session).await;
                        let (id, read) = (token.expose_id(), ReadId::new(random_bytes().unwrap()));
                        println!("once {id} .");
                        println!("reading {id} {} .", read.to_text());
                        assert!(is_read(&vault, &session, &token, read).await);
                        println!("read {id} .");
                    }
                }));
            }
            for writer in writers {
                writer.await.unwrap();
            }
        });
    }

    #[tokio::test]
    async fn every_acknowledged_write_is_there_after_a_kill() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        fs::write(directory.join(MARKER), "").unwrap();
        let (mut tokens, mut values) = (Vec::new(), Vec::new());
        let (mut onces, mut checked) = (HashMap::<TokenId, Once>::new(), 0);
        for enough in [1, 40, 150] {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "kill::writes_until_it_is_killed"])
                .args(["--ignored", "--nocapture"])
                .current_dir(directory)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let mut acknowledged = 0;
            for line in lines {
                let line = line.unwrap();
                let words: Vec<&str> = line.split(' ').collect();
                // The last line may be cut short; other lines are the test harness's.
                let [kind, token, ref rest @ .., "."] = words[..] else {
                    continue;
                };
                let Ok(token) = TokenId::parse(token) else {
                    continue;
                };
                match (kind, rest) {
                    ("token", []) => tokens.push(token),
                    ("once", []) => drop(onces.entry(token).or_default()),
                    ("reading", [read]) => {
                        onces.entry(token).or_default().tried = ReadId::parse(read);
                    }
                    ("read", []) => onces.entry(token).or_default().was_read = true,
                    ("value", []) => {
                        values.push(token);
                        acknowledged += 1;
                        if acknowledged == enough {
                            child.kill().unwrap();
                        }
                    }
                    _ => {}
                }
            }
            let status = child.wait().unwrap();
            assert!(!status.success(), "it ended by itself");
            assert!(acknowledged >= enough);

            let vault = open(directory).await;
            let session = SessionId::new(SESSION).unwrap();
            for token in &tokens {
                let expiry = vault.grant_expiry(&session, token).await.unwrap();
                assert!(expiry.is_some(), "a grant that was acknowledged");
                assert!(vault.metadata(token).await.unwrap().is_some());
            }
            for (token, once) in onces.drain() {
                check_once(&vault, &token, &once).await;
                checked += 1;
            }
            for token in &values {
                let expiry = vault.grant_expiry(&session, token).await.unwrap().unwrap();
                let issued = vault.issue_download(&session, token, expiry).await.unwrap();
                let download = vault.open_download(&issued.unwrap()).await;
                let mut download = download.unwrap().unwrap();
                let mut read = Vec::new();
                while let Some(chunk) = download.next_chunk().await.unwrap() {
                    read.extend_from_slice(&chunk);
                }
                assert!(read == value(token), "a value that was acknowledged");
            }
        }
        assert!(tokens.len() >= values.len());
        assert!(checked > 0);
    }
}
