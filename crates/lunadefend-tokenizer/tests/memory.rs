//! How much memory uploads need. In a process of its own, which does nothing else.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::Request;
use lunadefend_crypto::SigningKey;
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::SystemClock;
use lunadefend_tokenizer::{AuthProviders, Limits, Tokenizer, TokenizerConfig, VerificationKeys};
use lunadefend_vault::{UploadUrl, Vault};
use lunadefend_vault_redb::open_embedded;
use std::{convert::Infallible, fs, sync::Arc};
use tokio::task::JoinSet;
use tower::Service;

const UPLOADS: usize = 64;
const PART: usize = 32 * 1024;
/// 4 MiB each, 256 MiB together.
const PARTS: usize = 128;

/// A line of `/proc/self/status`, in bytes.
fn memory(name: &str) -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.unwrap().trim_start_matches(':').trim();
    kibibytes
        .strip_suffix(" kB")
        .unwrap()
        .parse::<usize>()
        .unwrap()
        * 1024
}

async fn upload(mut tokenizer: Tokenizer, vault: Vault) {
    let new = vault.create_token(None, None).await.unwrap();
    let url = UploadUrl {
        upload: new.upload,
        expires_at: new.upload_expires_at,
        max_length: Limits::MAX_VALUE,
    };
    let parts = (0..PARTS).map(|_| Ok::<_, Infallible>(Bytes::from(vec![7; PART])));
    let request = Request::put(format!("/blob/{}", vault.sign_upload(&url)))
        .body(Body::from_stream(stream::iter(parts)))
        .unwrap();
    let reply = tokenizer.call(request).await.unwrap();
    assert_eq!(reply.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_uploads_at_once_need_the_memory_of_their_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let vault = open_embedded(&path, None, Arc::new(SystemClock)).await;
    let vault = vault.unwrap().vault;
    let url = |url| BaseUrl::parse(url, "TEST_URL", Cleartext::LoopbackOnly).unwrap();
    let key = SigningKey::parse(include_bytes!("http/keys/application.pem"), "test").unwrap();
    let providers =
        AuthProviders::parse("http://localhost:3000", "TEST", Cleartext::LoopbackOnly).unwrap();
    let keys = VerificationKeys::Public(key.public_key().clone());
    let config = TokenizerConfig::builder(url("http://localhost:17766"), keys, providers);
    let tokenizer = Tokenizer::new(config.build().unwrap(), vault.clone());

    let before = memory("VmRSS");
    let mut uploads = JoinSet::new();
    for _ in 0..UPLOADS {
        uploads.spawn(upload(tokenizer.clone(), vault.clone()));
    }
    while let Some(done) = uploads.join_next().await {
        done.unwrap();
    }
    let grown = memory("VmHWM") - before;
    // The database has a cache of 8 MiB and takes 8 MiB into a transaction. All values together are 256.
    assert!(grown < 72 * 1024 * 1024, "{} MiB", grown >> 20);
}
