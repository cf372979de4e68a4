//! An acknowledged write survives `kill -9`.

#[cfg(test)]
mod kill {
    use lunadefend_core::{
        SessionId,
        provider::{Clock, TokenId},
        wire::Metadata,
    };
    use lunadefend_jwt::SystemClock;
    use lunadefend_vault::Vault;
    use lunadefend_vault_redb::{EmbeddedOptions, EmbeddedStore, master_key_for};
    use std::{
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
                let [kind @ ("token" | "value"), token, "."] = words[..] else {
                    continue;
                };
                let token = TokenId::parse(token).unwrap();
                if kind == "token" {
                    tokens.push(token);
                } else {
                    values.push(token);
                    acknowledged += 1;
                    if acknowledged == enough {
                        child.kill().unwrap();
                    }
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
    }
}
