//! What is done while the store fails, and what must hold afterwards.

use super::super::*;
use std::sync::Mutex;

/// What is done, as a client does it, and what must hold once it was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Open,
    Grant,
    RevokeToken,
    Delete,
    CreateToken,
    CountedToken,
    Tokenize,
    Upload,
    SmallUpload,
    Session,
    EndBrowserSession,
    EndSession,
    IssueDownload,
    Read,
    ReadOnce,
    RotateMaster,
    AddWrappingKey,
    Purge,
}

pub(super) const ALL: [Doing; 18] = [
    Doing::Open,
    Doing::Grant,
    Doing::RevokeToken,
    Doing::Delete,
    Doing::CreateToken,
    Doing::CountedToken,
    Doing::Tokenize,
    Doing::Upload,
    Doing::SmallUpload,
    Doing::Session,
    Doing::EndBrowserSession,
    Doing::EndSession,
    Doing::IssueDownload,
    Doing::Read,
    Doing::ReadOnce,
    Doing::RotateMaster,
    Doing::AddWrappingKey,
    Doing::Purge,
];

const QUOTA: Quota = Quota {
    values: 10,
    bytes: 1_000_000,
};

/// All that is there before.
pub(super) struct Scene {
    pub(super) world: World,
    token: TokenId,
    waiting: NewToken,
    state: StateClaims,
    handle: SessionHandle,
    issued: DownloadTicket,
    /// A token whose value may be read once.
    once: TokenId,
    /// Tokens whose making was acknowledged.
    made: Mutex<Vec<NewToken>>,
    /// The tokens that a request with a key returned.
    repeated: Mutex<Vec<TokenId>>,
}

const KEY: IdempotencyKey = IdempotencyKey::new([7; 16]);
const READ: ReadId = ReadId::new([8; 16]);

impl Scene {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        let ann = session("ann");
        let until = later(1_000_000);
        let new = world.vault.create_token(None, Some((&ann, until))).await;
        let new = new.unwrap();
        world.upload(&new, b"value").await;
        let waiting = world
            .vault
            .create_waiting_token(None, Some(counted(&ann, until, QUOTA)))
            .await;
        let (_, used) = issue_state(&world.vault, "main");
        let made = world.vault.create_session(&used, b"old", until, &ann).await;
        let issued = world.vault.issue_download(&ann, &new.token, until).await;
        let (_, state) = issue_state(&world.vault, "main");
        let owner = Owner {
            session: &ann,
            granted_until: until,
            quota: None,
        };
        let once = Tokenization {
            value: Some(&inline("once")),
            reads: Some(Reads::ONCE),
            owner: Some(owner),
            ..Tokenization::default()
        };
        let Ok(Tokenized::Stored(once)) = world.vault.tokenize(&once).await else {
            panic!("not stored");
        };
        // Something to purge and to sweep.
        let orphan = BlobId::new([1; 32]);
        world.store.set_parts(orphan, vec!["orphan".into()]).await;
        world
            .vault
            .grant(&session("past"), &new.token, START)
            .await
            .unwrap();
        Self {
            token: new.token,
            waiting: waiting.unwrap(),
            state,
            handle: made.unwrap().handle().unwrap(),
            issued: issued.unwrap().unwrap(),
            once,
            made: Mutex::default(),
            repeated: Mutex::default(),
            world,
        }
    }

    /// One attempt, as the caller that is told of the failure makes it again.
    pub(super) async fn attempt(&self, doing: Doing) -> Result<(), UploadError> {
        let vault = &self.world.vault;
        let (ann, until) = (session("ann"), later(2_000_000));
        match doing {
            Doing::Open => drop(self.world.reopen(&self.world.master).await?),
            Doing::Grant => vault.grant(&ann, &self.token, until).await?,
            Doing::RevokeToken => vault.revoke_token(&self.token, until).await?,
            Doing::Delete => {
                let tokens = [self.token.clone(), self.waiting.token.clone()];
                vault.delete_tokens(&tokens, until).await?;
            }
            Doing::CreateToken => {
                let new = vault.create_token(None, Some((&ann, until))).await?;
                self.made.lock().unwrap().push(new);
            }
            Doing::CountedToken => {
                let new = vault
                    .create_waiting_token(None, Some(counted(&ann, until, QUOTA)))
                    .await?;
                self.made.lock().unwrap().push(new);
            }
            Doing::Tokenize => match self.world.repeatable(KEY, "value").await {
                Ok(Tokenized::Stored(token)) => self.repeated.lock().unwrap().push(token),
                Err(TokenizeError::Vault(error)) => return Err(error.into()),
                other => panic!("{other:?}"),
            },
            Doing::ReadOnce => {
                let once = [self.once.clone()];
                let found = vault.read_values(&ann, &once, READ, 100).await?;
                assert!(matches!(found[0], Found::Value { .. }), "{found:?}");
            }
            Doing::Upload | Doing::SmallUpload => {
                let mut upload = vault
                    .begin_upload_within(&self.waiting.upload, MAX, QUOTA)
                    .await?;
                let value = vec![7; uploaded(doing)];
                match upload.write(value.into()).await {
                    Ok(()) => drop(upload.commit().await?),
                    Err(error) => {
                        upload.abort().await?;
                        return Err(error);
                    }
                }
            }
            Doing::Session => {
                let made = vault
                    .create_session(&self.state, b"jti", until, &ann)
                    .await?;
                assert!(
                    matches!(made, Transfer::Session(_) | Transfer::StateUsed),
                    "{made:?}"
                );
            }
            Doing::EndBrowserSession => {
                vault
                    .end_browser_session(self.handle.expose_secret())
                    .await?;
            }
            Doing::EndSession => vault.end_session(&ann, until).await?,
            Doing::IssueDownload => {
                let issued = vault.issue_download(&ann, &self.token, until).await?;
                let download = vault.open_download(&issued.unwrap()).await?;
                assert!(download.is_some());
            }
            Doing::Read => {
                let download = vault.open_download(&self.issued).await?;
                let chunk = download.unwrap().next_chunk().await?;
                assert_eq!(chunk.as_deref(), Some(b"value".as_slice()));
            }
            Doing::RotateMaster => keys(vault.rotate_master().await)?,
            Doing::AddWrappingKey => {
                keys(vault.add_wrapping_key().await.map(drop))?;
            }
            Doing::Purge => {
                self.world.vault.purge_expired().await?;
            }
        }
        Ok(())
    }

    /// What holds once it was acknowledged, and what always holds.
    pub(super) async fn check(&self, doing: Doing) {
        let (vault, ann) = (&self.world.vault, session("ann"));
        let handle = self.handle.expose_secret();
        match doing {
            Doing::Grant => {
                let expiry = vault.grant_expiry(&ann, &self.token).await;
                assert_eq!(expiry.unwrap(), Some(later(2_000_000)));
            }
            Doing::RevokeToken => {
                let expiry = vault.grant_expiry(&ann, &self.token).await;
                assert_eq!(expiry.unwrap(), None);
            }
            Doing::Delete => {
                let values = self.world.store.rows(Table::Value).await;
                assert_eq!(values.len(), 1, "only that of the other token");
                vault.purge_expired().await.unwrap();
                assert!(self.world.store.blobs().await.is_empty());
                return;
            }
            Doing::Tokenize => {
                let tokens = std::mem::take(&mut *self.repeated.lock().unwrap());
                assert_eq!(tokens.len(), 1);
                let again = self.world.repeatable(KEY, "value").await.unwrap();
                assert!(matches!(again, Tokenized::Stored(token) if token == tokens[0]));
                assert_eq!(self.world.read(&tokens[0]).await.unwrap(), b"value");
            }
            Doing::ReadOnce => {
                let once = [self.once.clone()];
                for (read, is_refused) in [(READ, false), (ReadId::new([9; 16]), true)] {
                    let found = vault.read_values(&ann, &once, read, 100).await.unwrap();
                    assert_eq!(matches!(found[0], Found::Refused), is_refused);
                }
            }
            Doing::Upload | Doing::SmallUpload => {
                let value = self.world.read(&self.waiting.token).await.unwrap();
                assert_eq!(value.len(), uploaded(doing));
                let again = vault.begin_upload(&self.waiting.upload, MAX).await;
                assert!(matches!(again, Err(UploadError::Used)));
                let at = rows::quota::address(&vault.ring(), &ann);
                let counted = vault.used(at).await.unwrap();
                let left = QUOTA.bytes - value.len() as u64;
                assert_eq!(counted.bytes_left(QUOTA), left, "counted once");
            }
            Doing::Session => {
                for jti in [b"jti", b"new"] {
                    let until = later(2_000_000);
                    let made = vault.create_session(&self.state, jti, until, &ann).await;
                    assert!(matches!(made.unwrap(), Transfer::StateUsed));
                }
                let (_, fresh) = issue_state(vault, "main");
                let made = vault.create_session(&fresh, b"jti", later(1), &ann).await;
                assert!(matches!(made.unwrap(), Transfer::JwtUsed));
                let sessions = self.world.store.rows(Table::Session).await.len();
                assert!(sessions <= 2, "one state makes one session: {sessions}");
            }
            Doing::EndBrowserSession => {
                assert!(vault.session(handle).await.unwrap().is_none());
                return;
            }
            Doing::EndSession => {
                assert!(vault.is_ended(&ann).await.unwrap());
                assert!(vault.session(handle).await.unwrap().is_none());
                return;
            }
            Doing::RotateMaster => {
                let next = &self.world.next_master;
                self.world.reopen(next).await.unwrap();
            }
            Doing::AddWrappingKey => {
                let again = self.world.reopen(&self.world.master).await.unwrap();
                let versions = again.wrapping_keys();
                assert!(versions.len() == 2 && versions[0].is_current);
                assert!(vault.wrapping_keys().len() <= 2);
            }
            Doing::Purge => {
                let past = rows::grant::address(
                    &vault.ring(),
                    &session("past"),
                    &self.token,
                    rows::token::Epoch::FIRST,
                );
                assert_eq!(self.world.store.row(past).await, None);
                let orphan = BlobId::new([1; 32]);
                assert!(!self.world.store.blobs().await.contains(&orphan));
            }
            Doing::CreateToken | Doing::CountedToken => {
                let made = std::mem::take(&mut *self.made.lock().unwrap());
                assert_eq!(made.len(), 1);
                for new in made {
                    let expiry = vault.grant_expiry(&ann, &new.token).await;
                    assert_eq!(expiry.unwrap(), Some(later(2_000_000)));
                    self.world.upload(&new, b"new").await;
                    assert_eq!(self.world.read(&new.token).await.unwrap(), b"new");
                }
            }
            Doing::Open | Doing::IssueDownload | Doing::Read => {}
        }
        assert!(vault.session(handle).await.unwrap().is_some());
        assert_eq!(self.world.read(&self.token).await.unwrap(), b"value");
    }
}

const fn uploaded(doing: Doing) -> usize {
    match doing {
        Doing::SmallUpload => MAX_INLINE,
        _ => 2 * stream::CHUNK_SIZE as usize + 1,
    }
}

/// A key that an earlier attempt has added is there.
fn keys(outcome: Result<(), KeysError>) -> Result<(), VaultError> {
    match outcome {
        Ok(()) | Err(KeysError::Pending(2)) => Ok(()),
        Err(KeysError::Vault(error)) => Err(error),
        Err(error) => panic!("{error:?}"),
    }
}
