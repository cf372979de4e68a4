//! Connections that died while they were idle: a proxy in between has forgotten them, and says so at the next
//! request, or never.

use crate::support::{self, client_of, not_found, read_request, yes};
use futures_util::future::join_all;
use lunadefend_client::Client;
use lunadefend_core::provider::Verdict;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Barrier,
};

/// The reaction of a dead connection in place of a response.
#[derive(Clone, Copy, Debug)]
enum Death {
    Close,
    Reset,
    Silence,
}

#[derive(Debug)]
struct Server {
    death: Death,
    /// Holds the first responses back until this many requests have arrived, each on its own connection.
    all_there: Barrier,
    /// Whether connections that were made before are dead.
    is_cut: AtomicBool,
    requests_to_the_dead: AtomicUsize,
}

impl Server {
    async fn start(death: Death, connections: usize) -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::new(Self {
            death,
            all_there: Barrier::new(connections),
            is_cut: AtomicBool::new(false),
            requests_to_the_dead: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let is_old = !shared.is_cut.load(Ordering::SeqCst);
                tokio::spawn(Arc::clone(&shared).serve(stream, is_old));
            }
        });
        (server, url)
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream, is_old: bool) {
        while let Some(request) = read_request(&mut stream).await {
            if request.is_discovery() {
                let _ = stream.write_all(&not_found()).await;
                return;
            }
            if is_old && self.is_cut.load(Ordering::SeqCst) {
                self.requests_to_the_dead.fetch_add(1, Ordering::SeqCst);
                match self.death {
                    Death::Close => return,
                    Death::Reset => return stream.set_zero_linger().unwrap(),
                    Death::Silence => std::future::pending::<()>().await,
                }
            }
            if is_old {
                self.all_there.wait().await;
            }
            let data = match &*request.target {
                "/grant/verify" => r#"{"valid":true}"#,
                _ => "{}",
            };
            if stream.write_all(&yes(data)).await.is_err() {
                return;
            }
        }
    }
}

/// So many calls at once; all must end well.
async fn call(client: &Client, count: usize) {
    let calls: Vec<_> = (0..count)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move {
                if number % 2 == 0 {
                    assert_eq!(support::verify(&client).await.unwrap(), Verdict::Valid);
                } else {
                    support::create(&client).await.unwrap();
                }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
}

async fn no_call_fails(death: Death, retries: u32) {
    // Together, as some take the time that silence is borne.
    join_all([1, 3, 12, 256].map(|connections| with_dead(connections, death, retries))).await;
}

async fn with_dead(connections: usize, death: Death, retries: u32) {
    let (server, url) = Server::start(death, connections).await;
    let client = client_of(&url)
        .max_retries(retries)
        .deadline(Duration::from_secs(12))
        .build()
        .unwrap();
    call(&client, connections).await;
    server.is_cut.store(true, Ordering::SeqCst);
    // One by one as long as there are dead ones, and all at once.
    if !matches!(death, Death::Silence) {
        for _ in 0..2 {
            call(&client, 1).await;
        }
    }
    call(&client, connections).await;
    let dead = server.requests_to_the_dead.load(Ordering::SeqCst);
    assert!(dead > 0, "none of {connections} was used again");
    assert!(dead <= connections, "{dead} of {connections}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_when_idle_connections_were_closed() {
    no_call_fails(Death::Close, 1).await;
    no_call_fails(Death::Close, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_when_idle_connections_are_reset() {
    no_call_fails(Death::Reset, 1).await;
    no_call_fails(Death::Reset, 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_when_idle_connections_are_silent() {
    no_call_fails(Death::Silence, 1).await;
}
