//! A stop under load, behind a proxy that follows `/ready`.

use crate::server::Server;
use lunadefend_client::Client;
use lunadefend_core::{
    SessionId,
    provider::{GrantService, TokenId, Verdict},
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};
use tokio::{
    sync::{Notify, RwLock},
    task::JoinSet,
};

/// A tokenizer as the proxy sees it.
struct Backend {
    client: Client,
    /// Each request holds it for reading: who writes has waited for all of them.
    ready: RwLock<bool>,
    served: AtomicU64,
}

impl Backend {
    fn of(server: &Server) -> Self {
        Self {
            client: server.client(),
            ready: RwLock::new(true),
            served: AtomicU64::new(0),
        }
    }

    fn served(&self) -> u64 {
        self.served.load(SeqCst)
    }
}

/// Any failure fails the test: the client repeats nothing.
async fn ask(client: &Client) {
    let session = SessionId::new("ann").unwrap();
    let token = TokenId::parse("lunasec-00000000-0000-4000-8000-000000000000").unwrap();
    let verdicts = client.verify_all(&session, &[token]).await.unwrap();
    assert_eq!(verdicts, [Verdict::Invalid]);
}

struct Proxy {
    backends: [Backend; 2],
    answered: Notify,
    stopped: AtomicBool,
}

impl Proxy {
    /// Sends requests to each ready backend in turn, until told to stop.
    async fn load(self: Arc<Self>) {
        while !self.stopped.load(SeqCst) {
            for backend in &self.backends {
                let ready = backend.ready.read().await;
                if *ready {
                    ask(&backend.client).await;
                    backend.served.fetch_add(1, SeqCst);
                    self.answered.notify_one();
                }
            }
        }
    }

    /// Returns once a backend has served some more requests.
    async fn serves_more(&self, backend: &Backend) {
        let enough = backend.served() + 20;
        while backend.served() < enough {
            self.answered.notified().await;
        }
    }
}

/// Probes a backend until it says no, and takes it out.
async fn follow(server: &Server, backend: &Backend) {
    let mut status = 200;
    while status == 200 {
        status = server.get("/ready").await.0;
    }
    assert_eq!(status, 503);
    *backend.ready.write().await = false;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_behind_a_proxy_that_follows_ready_fails_no_request() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [stopping, staying] = folders.each_ref().map(|folder| {
        // As long as the proxy needs: the second signal ends it.
        Server::start_with(folder.path(), &[("LUNADEFEND_DRAIN_DELAY", "1h")])
    });
    let proxy = Arc::new(Proxy {
        backends: [Backend::of(&stopping), Backend::of(&staying)],
        answered: Notify::new(),
        stopped: AtomicBool::new(false),
    });
    let mut load = JoinSet::new();
    for _ in 0..4 {
        load.spawn(Arc::clone(&proxy).load());
    }
    let [first, second] = &proxy.backends;
    let exchange = async {
        proxy.serves_more(first).await;
        stopping.signal("-TERM");
        follow(&stopping, first).await;
        let served = first.served();
        // What comes all the same is served, also on a new connection.
        assert_eq!(stopping.get("/live").await.0, 200);
        assert_eq!(stopping.get("/ready").await.0, 503);
        ask(&stopping.client()).await;
        let stopped = tokio::task::spawn_blocking(|| stopping.stop());
        assert!(stopped.await.unwrap(), "the second signal ends the delay");
        proxy.serves_more(second).await;
        assert_eq!(first.served(), served);
    };
    tokio::select! {
        () = exchange => {}
        Some(ended) = load.join_next() => panic!("a request failed: {ended:?}"),
    }
    proxy.stopped.store(true, SeqCst);
    while let Some(ended) = load.join_next().await {
        ended.unwrap();
    }
}
