//! Uploads that take long, in a time that the test owns.
//!
//! The clock of tokio moves when nothing else is to be done. So nothing may be waited for outside of
//! it: the requests do not go over a socket, and a store in memory needs no thread.

use crate::{
    harness::{ORIGIN, builder},
    jwt::{self, APPLICATION_KEY},
};
use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, StatusCode};
use lunadefend_core::provider::Clock;
use lunadefend_testing::TestClock;
use lunadefend_tokenizer::{Tokenizer, VerificationKeys};
use lunadefend_vault::{MasterKey, Vault, store::MemoryStore};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::sleep;
use tower::Service;

struct Slow {
    clock: TestClock,
    tokenizer: Tokenizer,
}

impl Slow {
    async fn new() -> Self {
        let clock = TestClock::new();
        let (master, _) = MasterKey::generate().unwrap();
        let store = Arc::new(MemoryStore::default());
        let vault = Vault::open(store, &master, Arc::new(clock.clone())).await;
        let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
        let config = builder(ORIGIN, keys).build().unwrap();
        let tokenizer = Tokenizer::new(config, vault.unwrap());
        Self { clock, tokenizer }
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.tokenizer.clone().call(request).await.unwrap()
    }

    /// Uploads parts of a size with a pause before each, and says how that ended and when.
    async fn upload(&self, parts: usize, size: usize, pause: Duration) -> (StatusCode, Duration) {
        let request = Request::post("/tokenize")
            .header(
                "authorization",
                jwt::application(self.clock.unix_millis().get() / 1000),
            )
            .header("content-type", "application/json")
            .body(Body::from("{}"));
        let reply = self.send(request.unwrap()).await;
        let reply = axum::body::to_bytes(reply.into_body(), 4096).await.unwrap();
        let reply: serde_json::Value = serde_json::from_slice(&reply).unwrap();
        let url = reply["data"]["uploadUrl"].as_str().unwrap();

        let clock = self.clock.clone();
        let body = stream::unfold(0, move |part| {
            let clock = clock.clone();
            async move {
                if part == parts {
                    return None;
                }
                sleep(pause).await;
                clock.advance(pause);
                Some((Ok::<_, Infallible>(Bytes::from(vec![7; size])), part + 1))
            }
        });
        let request = Request::put(crate::harness::path_of(url)).body(Body::from_stream(body));
        let began = tokio::time::Instant::now();
        let reply = self.send(request.unwrap()).await;
        (reply.status(), began.elapsed())
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_slow_but_steady_upload_succeeds() {
    let slow = Slow::new().await;
    for (parts, size, pause) in [
        // A telephone in the country: 1 MiB in seven minutes, at 20 kbit a second.
        (410, 2700, SECOND),
        // A pause of almost the longest before each part.
        (32, 32 * 1024, 9 * SECOND),
        // A short value may take its time too, as long as nobody waits for nothing.
        (24, 1, SECOND),
    ] {
        let (status, took) = slow.upload(parts, size, pause).await;
        assert_eq!(status, 200, "{size} bytes every {pause:?}");
        assert_eq!(took, pause * u32::try_from(parts).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn who_falls_silent_or_drips_is_cut_off() {
    let slow = Slow::new().await;
    for (parts, size, pause, end) in [
        (2, 1024 * 1024, 11 * SECOND, 10),
        // Neither silent nor of use: a byte a second would keep the connection for months.
        (1_000, 1, SECOND, 25),
        (1_000, 2048, SECOND, 25),
        // What came fast before is no credit.
        (1_000, 2500, SECOND, 25),
    ] {
        let (status, took) = slow.upload(parts, size, pause).await;
        assert_eq!(status, 408, "{size} bytes every {pause:?}");
        assert_eq!(took.as_secs(), end, "{size} bytes every {pause:?}");
    }
}
