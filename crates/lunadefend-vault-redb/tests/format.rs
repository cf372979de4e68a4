//! Stores of every format that was ever written open, and all that is in them reads as it was written.
//!
//! `tests/fixtures` has a store of each format with its master key and what stands in it. A change of
//! what is stored adds one, and changes none: count the format up below, and make it with
//! `cargo test -p lunadefend-vault-redb --test format -- --ignored`.

#[cfg(test)]
mod format {
    use lunadefend_core::{
        SessionId,
        provider::{SecretValue, TokenId, UnixMillis},
        wire::{IdempotencyKey, InlineValue, Metadata, ReadId, ValueKind},
    };
    use lunadefend_testing::{TestClock, tokenizer::TestTimer};
    use lunadefend_vault::{
        Download, Found, InvalidUrl, Janitor, MasterKey, NewToken, Owner, Quota, Repeatable,
        SessionHandle, StateHolder, Tokenization, Tokenized, Transfer, UploadError, UploadUrl,
        Vault, VaultError,
    };
    use lunadefend_vault_redb::{EmbeddedOptions, EmbeddedStore};
    use secrecy::ExposeSecret;
    use std::{
        collections::BTreeMap,
        fs,
        path::{Path, PathBuf},
        sync::Arc,
        time::Duration,
    };

    /// What the fixture is named after that is made now.
    const NEWEST: u32 = 5;
    const KEY: IdempotencyKey = IdempotencyKey::new([1; 16]);
    const READ: ReadId = ReadId::new([2; 16]);
    const START: UnixMillis = UnixMillis::new(1_795_392_000_000);
    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(60 * 60);
    const METADATA: &str = r#"{"dataType":"string","note":"of the first format"}"#;
    const QUOTA: Quota = Quota {
        values: 2,
        bytes: 1_000_000,
    };

    fn at_start() -> TestClock {
        let clock = TestClock::new();
        clock.set(START);
        clock
    }

    fn fixture(format: u32, ending: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/fixtures/format-{format}.{ending}"))
    }

    const PAGE: usize = 4096;

    /// Most pages of a small store are empty: its length, and each page that is not, after its number.
    fn pack(file: &[u8]) -> Vec<u8> {
        let mut packed = u32::try_from(file.len()).unwrap().to_be_bytes().to_vec();
        for (number, page) in file.chunks(PAGE).enumerate() {
            if page.iter().any(|byte| *byte != 0) {
                packed.extend_from_slice(&u32::try_from(number).unwrap().to_be_bytes());
                packed.extend_from_slice(page);
            }
        }
        packed
    }

    fn unpack(packed: &[u8]) -> Vec<u8> {
        let number = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
        let mut file = vec![0; number(packed)];
        for page in packed[4..].chunks(4 + PAGE) {
            let at = number(page) * PAGE;
            file[at..at + page.len() - 4].copy_from_slice(&page[4..]);
        }
        file
    }

    fn session(id: &str) -> SessionId {
        SessionId::new(id).unwrap()
    }

    fn long_value() -> Vec<u8> {
        (0..70_000_u32).map(|at| (at * 31 % 251) as u8).collect()
    }

    async fn open(path: &Path, master: &MasterKey, clock: &TestClock) -> Vault {
        let store = EmbeddedStore::open(path, &EmbeddedOptions::default()).unwrap();
        Vault::open(Arc::new(store), master, Arc::new(clock.clone()))
            .await
            .unwrap()
    }

    async fn upload(vault: &Vault, url: &str, value: &[u8]) -> Result<(), UploadError> {
        let url = vault.verify_upload(url).unwrap();
        let mut upload = vault
            .begin_upload_within(&url.upload, url.max_length, QUOTA)
            .await?;
        upload.write(value.to_vec().into()).await?;
        upload.commit().await.map(drop)
    }

    fn counting(session: &SessionId) -> Owner<'_> {
        Owner {
            session,
            granted_until: START + HOUR,
            quota: Some(QUOTA),
        }
    }

    fn sign(vault: &Vault, new: &NewToken) -> String {
        vault.sign_upload(&UploadUrl {
            upload: new.upload,
            expires_at: new.upload_expires_at,
            max_length: 1_000_000,
        })
    }

    async fn read(download: Option<Download>) -> Vec<u8> {
        let mut download = download.unwrap();
        let mut value = Vec::new();
        while let Some(chunk) = download.next_chunk().await.unwrap() {
            value.extend_from_slice(&chunk);
        }
        value
    }

    async fn open_download(vault: &Vault, url: &str) -> Option<Download> {
        let ticket = vault.open_ticket(url).unwrap();
        vault.open_download(&ticket).await.unwrap()
    }

    /// Makes a store with a row of each kind and writes down what is in it.
    #[test]
    #[ignore = "makes the fixture of a new format"]
    fn make_the_fixture() {
        assert!(!fixture(NEWEST, "redb").exists(), "it is there already");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let (master, text) = MasterKey::generate().unwrap();
        let mut facts = BTreeMap::new();
        let running = runtime.block_on(async {
            // Three minutes early, so that a second wrapping key is in use at the start.
            let clock = at_start();
            clock.set(START.saturating_sub(3 * MINUTE));
            let vault = open(&path, &master, &clock).await;
            // The first rows are of an earlier version of the wrapping key than the last.
            let ann = session("ann");
            let long = vault
                .create_token(
                    Some(&Metadata::from_json(METADATA).unwrap()),
                    Some((&ann, START + HOUR)),
                )
                .await
                .unwrap();
            let url = sign(&vault, &long);
            upload(&vault, &url, &long_value()).await.unwrap();
            facts.insert("spent_url", url);
            facts.insert("long", long.token.expose_id().to_owned());
            vault.add_wrapping_key().await.unwrap();
            // The lease is a row, too: the second round takes it, for ten minutes.
            let janitor = Janitor::new(vault.clone(), Arc::new(TestTimer(clock.clone())));
            janitor.round().await.unwrap();
            janitor.round().await.unwrap();
            clock.set(START);
            janitor.round().await.unwrap();
            assert!(vault.wrapping_keys()[1].is_current);

            let counted = vault
                .create_waiting_token(None, Some(counting(&ann)))
                .await
                .unwrap();
            let url = sign(&vault, &counted);
            upload(&vault, &url, b"a short value").await.unwrap();
            facts.insert("short", counted.token.expose_id().to_owned());

            let open = vault
                .create_waiting_token(None, Some(counting(&ann)))
                .await
                .unwrap();
            facts.insert("open_url", sign(&vault, &open));
            facts.insert("open", open.token.expose_id().to_owned());

            let used = vault.issue_state("main", StateHolder::Page).unwrap();
            let used = used.state.expose_secret().to_owned();
            let claims = vault.check_state(&used).unwrap();
            let made = vault
                .create_session(&claims, b"jti", START + MINUTE, &ann)
                .await;
            let Transfer::Session(handle) = made.unwrap() else {
                panic!("no session");
            };
            facts.insert("handle", handle.expose_secret().to_owned());
            facts.insert("used_state", used);
            let fresh = vault
                .issue_state("main", StateHolder::SecondRedirect)
                .unwrap();
            facts.insert("fresh_state", fresh.state.expose_secret().to_owned());

            let issued = vault.issue_download(&ann, &long.token, START + HOUR).await;
            let issued = issued.unwrap().unwrap();
            facts.insert("download_url", vault.seal_download(&issued).unwrap());

            let bob = session("bob");
            vault.grant(&bob, &long.token, START + HOUR).await.unwrap();
            vault.end_session(&bob, START + HOUR).await.unwrap();

            for name in ["revoked", "deleted"] {
                let new = vault
                    .create_token(None, Some((&ann, START + HOUR)))
                    .await
                    .unwrap();
                facts.insert(name, new.token.expose_id().to_owned());
                let (tokens, until) = ([new.token], START + 2 * HOUR);
                if name == "deleted" {
                    vault.delete_tokens(&tokens, until).await.unwrap();
                } else {
                    vault.revoke_token(&tokens[0], until).await.unwrap();
                    let carl = session("carl");
                    let granted = vault.grant(&carl, &tokens[0], START + HOUR).await;
                    granted.unwrap();
                }
            }

            let running = vault
                .create_token(None, Some((&ann, START + HOUR)))
                .await
                .unwrap();
            facts.insert("running_url", sign(&vault, &running));
            facts.insert("running", running.token.expose_id().to_owned());
            let mut upload = vault
                .begin_upload(&running.upload, 1_000_000)
                .await
                .unwrap();
            upload.write(vec![7; 100_000].into()).await.unwrap();

            let (body, value) = (b"{}".as_slice(), InlineValue::new(SecretValue::new("once")));
            let request = Tokenization {
                value: value.as_ref(),
                kind: Some(ValueKind::CardCvc),
                owner: Some(Owner {
                    session: &ann,
                    granted_until: START + HOUR,
                    quota: None,
                }),
                repeatable: Some(Repeatable { key: KEY, body }),
                ..Tokenization::default()
            };
            let Ok(Tokenized::Stored(once)) = vault.tokenize(&request).await else {
                panic!("not stored");
            };
            facts.insert("once", once.expose_id().to_owned());
            let read = vault.read_values(&ann, &[once], READ, 100).await.unwrap();
            assert!(matches!(read[0], Found::Value { .. }));
            upload
        });
        // Nobody gives its lease back.
        drop(runtime);
        drop(running);
        // Without what earlier transactions left behind.
        let mut database = redb::Database::open(&path).unwrap();
        while database.compact().unwrap() {}
        drop(database);

        fs::write(fixture(NEWEST, "redb"), pack(&fs::read(&path).unwrap())).unwrap();
        fs::write(
            fixture(NEWEST, "key"),
            format!("{}\n", text.expose_secret()),
        )
        .unwrap();
        let facts: Vec<_> = facts
            .iter()
            .map(|(name, value)| format!("{name} {value}\n"))
            .collect();
        fs::write(fixture(NEWEST, "txt"), facts.concat()).unwrap();
    }

    #[tokio::test]
    async fn every_format_that_was_ever_written_reads() {
        for format in 1..=NEWEST {
            reads(format).await;
        }
    }

    async fn reads(format: u32) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store");
        fs::write(&path, unpack(&fs::read(fixture(format, "redb")).unwrap())).unwrap();
        let key = SecretValue::new(fs::read(fixture(format, "key")).unwrap());
        let master = MasterKey::from_secret(&key, "the fixture").unwrap();
        let facts = fs::read_to_string(fixture(format, "txt")).unwrap();
        let facts: BTreeMap<_, _> = facts
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .collect();
        let token = |name| TokenId::parse(facts[name]).unwrap();
        let clock = at_start();
        let vault = open(&path, &master, &clock).await;
        vault.check_health().await.unwrap();
        let (ann, bob) = (session("ann"), session("bob"));

        // Key ring and wrapping keys of both versions, tokens with and without metadata, values.
        let metadata = vault.metadata(&token("long")).await.unwrap();
        assert_eq!(metadata.unwrap().as_json(), METADATA);
        assert!(vault.metadata(&token("short")).await.unwrap().is_none());
        for (name, value) in [("long", long_value()), ("short", b"a short value".to_vec())] {
            let expiry = vault.grant_expiry(&ann, &token(name)).await.unwrap();
            assert_eq!(expiry, Some(START + HOUR), "{name}");
            let issued = vault.issue_download(&ann, &token(name), START + HOUR).await;
            let download = vault.open_download(&issued.unwrap().unwrap()).await;
            assert!(read(download.unwrap()).await == value, "{name}");
        }
        // A download URL, a browser session, an ended session.
        if format >= 4 {
            let download = open_download(&vault, facts["download_url"]).await;
            assert!(read(download).await == long_value());
        } else {
            // It named a row, and had a minute to live.
            let ticket = vault.open_ticket(facts["download_url"]);
            assert_eq!(ticket, Err(InvalidUrl));
        }
        let found = vault.session(facts["handle"]).await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.session.expose_id(), "ann");
        // Format 1 knew no other way than redirects.
        assert_eq!(found.is_by_page, format >= 2);
        assert!(vault.is_ended(&bob).await.unwrap());
        assert!(!vault.is_ended(&ann).await.unwrap());
        assert_eq!(
            vault.grant_expiry(&bob, &token("long")).await.unwrap(),
            None
        );
        if format >= 3 {
            // A token whose first grant was revoked, and one that was deleted.
            for (name, by, expected) in [
                ("revoked", "ann", None),
                ("revoked", "carl", Some(START + HOUR)),
                ("deleted", "ann", None),
            ] {
                let expiry = vault.grant_expiry(&session(by), &token(name)).await;
                assert_eq!(expiry.unwrap(), expected, "{name} {by}");
            }
            let gone = token("deleted");
            vault.grant(&ann, &gone, START + HOUR).await.unwrap();
            assert_eq!(vault.grant_expiry(&ann, &gone).await.unwrap(), None);
        }
        if format >= 4 {
            // A value in its row that was read as often as it may, by a request that may come again.
            let once = token("once");
            for (read, is_found) in [(READ, true), (ReadId::new([3; 16]), false)] {
                let found = vault
                    .read_values(&ann, std::slice::from_ref(&once), read, 100)
                    .await;
                let is_value = matches!(found.unwrap()[0], Found::Value { .. });
                assert_eq!(is_value, is_found);
            }
            let described = vault.describe(std::slice::from_ref(&once)).await.unwrap();
            let described = described[0].clone().unwrap();
            assert_eq!(described.kind, Some(ValueKind::CardCvc));
            assert_eq!((described.size, described.mask), (Some(4), None));
            let request = Tokenization {
                owner: Some(Owner {
                    session: &ann,
                    granted_until: START + HOUR,
                    quota: None,
                }),
                repeatable: Some(Repeatable {
                    key: KEY,
                    body: b"{}",
                }),
                ..Tokenization::default()
            };
            let again = vault.tokenize(&request).await.unwrap();
            assert!(matches!(again, Tokenized::Stored(token) if token == once));
        }
        // A used state, a used JWT, and a state that was not used.
        let used = vault.check_state(facts["used_state"]).unwrap();
        let fresh = vault.check_state(facts["fresh_state"]).unwrap();
        assert!(fresh.holder() == StateHolder::SecondRedirect && fresh.is_for("main"));
        let made = vault
            .create_session(&used, b"new", START + MINUTE, &ann)
            .await;
        assert!(matches!(made.unwrap(), Transfer::StateUsed));
        let made = vault
            .create_session(&fresh, b"jti", START + MINUTE, &ann)
            .await;
        assert!(matches!(made.unwrap(), Transfer::JwtUsed));
        // The quota has counted two values; uploads that are spent, running and open.
        let over = vault.create_waiting_token(None, Some(counting(&ann))).await;
        assert!(matches!(over, Err(VaultError::OverQuota(_))));
        let spent = upload(&vault, facts["spent_url"], b"x").await;
        assert!(matches!(spent, Err(UploadError::Used)));
        let running = upload(&vault, facts["running_url"], b"x").await;
        assert!(matches!(running, Err(UploadError::Busy)));
        upload(&vault, facts["open_url"], b"now").await.unwrap();

        // Its lease ends, and another attempt may begin. So does that of whoever deleted for all.
        let timer = Arc::new(TestTimer(clock.clone()));
        let janitor = Janitor::new(vault.clone(), timer);
        janitor.round().await.unwrap();
        clock.set(START + 8 * MINUTE);
        let cleaned = janitor.round().await.unwrap();
        // What it had stored of the value goes; in earlier formats that was nothing yet.
        let blobs = usize::from(format >= 4);
        assert!(cleaned.rows > 0 && cleaned.blobs == blobs, "{cleaned:?}");
        upload(&vault, facts["running_url"], b"again")
            .await
            .unwrap();
        for (name, value) in [
            ("long", long_value()),
            ("open", b"now".to_vec()),
            ("running", b"again".to_vec()),
        ] {
            let issued = vault.issue_download(&ann, &token(name), START + HOUR).await;
            let download = vault.open_download(&issued.unwrap().unwrap()).await;
            assert!(read(download.unwrap()).await == value, "{name}");
        }
        clock.set(START + SessionHandle::LIFETIME);
        assert!(vault.session(facts["handle"]).await.unwrap().is_none());
    }
}
