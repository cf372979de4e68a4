//! A line between two servers that can be made to fail.

use crate::{
    Act, Stub,
    http1::{Message, exchange_parts},
    stub::no_document,
};
use lunadefend_core::provider::BoxFuture;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock},
};
use tokio::sync::watch;

/// What becomes of a request.
pub enum Fault {
    /// Nothing: it goes through, and the answer back.
    Pass,
    /// It does not get through; this comes back.
    Instead(Act),
    /// It gets through, and this is made of the bytes of the answer.
    Spoil(fn(Vec<u8>) -> Act),
    /// It gets through, and the answer waits until that many requests have come since the plan was made:
    /// nobody who sends them at once can be answered before all are on their way.
    Together(usize),
}

type Plan = Box<dyn Fn(usize, &Message) -> Fault + Send + Sync>;

/// Passes requests on to a server, one for each connection, or spoils them.
pub struct Proxy {
    stub: Stub,
    state: Arc<State>,
}

struct State {
    upstream: OnceLock<SocketAddr>,
    plan: Mutex<(Arrived, Plan)>,
}

/// How many requests have come since a plan was made.
type Arrived = watch::Sender<usize>;

impl Proxy {
    /// Listens. Until [`Proxy::lead_to`] says where to, requests fail. By level 1 it keeps the discovery document of
    /// the server behind it from clients.
    pub async fn start(level: u64) -> Self {
        let state = Arc::new(State {
            upstream: OnceLock::new(),
            plan: Mutex::new((Arrived::new(0), Box::new(|_, _| Fault::Pass))),
        });
        let shared = Arc::clone(&state);
        let discovered = Arc::clone(&state);
        let stub = Stub::scripted(
            Arc::new(move |_, request| act(Arc::clone(&shared), request)),
            Arc::new(move |_, request| {
                let state = Arc::clone(&discovered);
                Box::pin(async move {
                    match level {
                        1 => no_document(),
                        _ => Act::Send(pass(&state, request).await),
                    }
                })
            }),
        );
        Self {
            stub: stub.await,
            state,
        }
    }

    /// Sets where requests are passed on to.
    pub fn lead_to(&self, upstream: SocketAddr) {
        self.state.upstream.set(upstream).unwrap();
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.stub.url()
    }

    /// From now on does with each request what `plan` says, which also gets its number from 0.
    pub fn plan(&self, plan: impl Fn(usize, &Message) -> Fault + Send + Sync + 'static) {
        *self.state.plan.lock().unwrap() = (Arrived::new(0), Box::new(plan));
    }

    /// From now on passes everything on.
    pub fn mend(&self) {
        self.plan(|_, _| Fault::Pass);
    }

    /// The requests so far, also those that did not get through.
    #[must_use]
    pub fn requests(&self) -> Vec<Message> {
        self.stub.requests()
    }

    /// How many requests there were for a path.
    #[must_use]
    pub fn count(&self, path: &str) -> usize {
        let requests = self.requests();
        requests
            .iter()
            .filter(|request| request.path() == path)
            .count()
    }
}

async fn pass(state: &State, request: Message) -> Vec<u8> {
    let upstream = *state.upstream.get().unwrap();
    let request = request.with_header("connection", "close");
    exchange_parts(upstream, &[&request.to_bytes()]).await
}

fn act(state: Arc<State>, request: Message) -> BoxFuture<'static, Act> {
    let (fault, mut arrived) = {
        let plan = state.plan.lock().unwrap();
        let number = *plan.0.borrow();
        plan.0.send_replace(number + 1);
        ((plan.1)(number, &request), plan.0.subscribe())
    };
    Box::pin(async move {
        let pass = pass(&state, request);
        match fault {
            Fault::Pass => Act::Send(pass.await),
            Fault::Instead(act) => act,
            Fault::Spoil(spoil) => spoil(pass.await),
            Fault::Together(requests) => {
                let answer = pass.await;
                // The plan may have gone meanwhile, and whoever asked with it.
                match arrived.wait_for(|arrived| *arrived >= requests).await {
                    Ok(_) => Act::Send(answer),
                    Err(_) => Act::Hang,
                }
            }
        }
    })
}
