//! A server that does as it is told.

use crate::http1::{Message, answer, read_request};
use lunadefend_core::{provider::BoxFuture, wire::DISCOVERY_PATH};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::interval,
};

/// What the server does with a request.
pub enum Act {
    /// Sends these bytes and closes.
    Send(Vec<u8>),
    /// Sends the first bytes, then the rest byte by byte, one every 20 ms, and never closes.
    Drip(Vec<u8>, Vec<u8>),
    /// Never answers.
    Hang,
    /// Sends these bytes, then resets the connection.
    Reset(Vec<u8>),
}

/// Gets a request and its number from 0.
pub(crate) type Script = dyn Fn(usize, Message) -> BoxFuture<'static, Act> + Send + Sync;

/// A server on a free port; it ends when it is dropped.
///
/// It has no discovery document, so that clients speak wire level 1 with it. Requests for one do not count.
pub struct Stub {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Message>>>,
    task: JoinHandle<()>,
}

impl Stub {
    /// Does with each request what `script` says, which also gets its number from 0.
    pub async fn start(script: impl Fn(usize, &Message) -> Act + Send + Sync + 'static) -> Self {
        let script = move |number, request| {
            let act = script(number, &request);
            Box::pin(async move { act }) as BoxFuture<'static, Act>
        };
        Self::scripted(
            Arc::new(script),
            Arc::new(|_, _| Box::pin(async { no_document() })),
        )
        .await
    }

    /// `discovery` gets the requests for a discovery document.
    pub(crate) async fn scripted(script: Arc<Script>, discovery: Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let scripts = [Arc::clone(&script), Arc::clone(&discovery)];
                connections.spawn(serve(stream, scripts, Arc::clone(&log)));
                while connections.try_join_next().is_some() {}
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Message> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The response of a server that has no discovery document.
pub(crate) fn no_document() -> Act {
    Act::Send(answer(
        404,
        "content-type: text/plain\r\n",
        "404 page not found\n",
    ))
}

async fn serve(
    mut stream: TcpStream,
    [script, discovery]: [Arc<Script>; 2],
    log: Arc<Mutex<Vec<Message>>>,
) {
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    let act = if request.path().ends_with(DISCOVERY_PATH) {
        discovery(0, request)
    } else {
        let number = {
            let mut log = log.lock().unwrap();
            log.push(request.clone());
            log.len() - 1
        };
        script(number, request)
    };
    // A client that has gone is no failure of the server.
    match act.await {
        Act::Send(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::Drip(first, rest) => {
            let _ = stream.write_all(&first).await;
            let mut tick = interval(Duration::from_millis(20));
            for byte in rest {
                tick.tick().await;
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
            std::future::pending().await
        }
        Act::Hang => std::future::pending().await,
        Act::Reset(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.set_zero_linger();
        }
    }
}
