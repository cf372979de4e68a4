//! Calls that share a batch: while enough batches are under way, further calls gather for the next one.

use crate::answer::unreachable_tokenizer;
use futures_util::{FutureExt, future::Shared};
use lunadefend_core::{Error, ErrorKind, provider::BoxFuture, wire::GrantItem};
use lunadefend_http::HttpError;
use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

/// After this part of its time a call waits no longer for batches before it: they may hang.
const PATIENCE: u32 = 4;

/// Sends one batch.
pub(crate) trait Carry: Send + 'static {
    /// The answer about one item.
    type Answer: Clone + Send + Sync + 'static;

    fn carry(
        self,
        items: Vec<GrantItem>,
        deadline: Instant,
    ) -> BoxFuture<'static, Carried<Self::Answer>>;
}

/// How a batch ended.
#[derive(Clone, Debug)]
pub(crate) enum Carried<A> {
    /// One answer for each item, in their order.
    Answered(Arc<[A]>),
    /// The tokenizer has no such route.
    Missing,
    /// The answer is an error, perhaps because of one item.
    Refused(Error),
    /// There is no answer, which is the fault of no item.
    Failed(Error),
}

/// What one call asks for in one batch.
pub(crate) struct Part<C, I> {
    pub(crate) carrier: C,
    /// Makes the items; at most `max_items`.
    pub(crate) items: I,
    /// The most items of a batch that this part is in.
    pub(crate) max_items: NonZeroUsize,
    pub(crate) deadline: Instant,
}

/// The batches of one route. It has no task of its own: the calls of a batch drive it together, and without calls
/// it is idle.
pub(crate) struct Queue<C: Carry>(Arc<Inner<C>>);

struct Inner<C: Carry> {
    /// While so many batches are under way, calls gather.
    at_once: usize,
    state: Mutex<State<C>>,
}

struct State<C: Carry> {
    running: usize,
    arrivals: u64,
    /// By arrival.
    waiting: BTreeMap<u64, Waiting<C>>,
}

struct Waiting<C: Carry> {
    carrier: C,
    items: Vec<GrantItem>,
    max_items: NonZeroUsize,
    deadline: Instant,
    is_alone: bool,
    sent: oneshot::Sender<Sent<C::Answer>>,
}

/// A batch that is under way, and which of its items are those of one call.
struct Sent<A> {
    batch: Shared<BoxFuture<'static, Carried<A>>>,
    items: Range<usize>,
    is_shared: bool,
}

impl<C: Carry> Queue<C> {
    pub(crate) fn new(at_once: usize) -> Self {
        Self(Arc::new(Inner {
            at_once,
            state: Mutex::new(State {
                running: 0,
                arrivals: 0,
                waiting: BTreeMap::new(),
            }),
        }))
    }

    /// Returns the answers to the part's items, or `None` when the tokenizer has no such route.
    ///
    /// When the whole of a shared batch is refused, the part is sent again without the others.
    pub(crate) async fn ask<I>(&self, part: Part<C, I>) -> Result<Option<Vec<C::Answer>>, Error>
    where
        C: Clone,
        I: Fn() -> Vec<GrantItem>,
    {
        let arrival = self.0.arrival();
        let both = async {
            let (carried, items, is_shared) = self.turn(arrival, &part, false).await?;
            Ok(match carried {
                Carried::Refused(_) if is_shared => {
                    let (carried, items, _) = self.turn(arrival, &part, true).await?;
                    (carried, items)
                }
                carried => (carried, items),
            })
        };
        // The batch may have longer, for other calls.
        let outcome = timeout_at(part.deadline, both).await;
        let (carried, items) =
            outcome.unwrap_or_else(|_| Err(unreachable_tokenizer(HttpError::Timeout)))?;
        match carried {
            Carried::Answered(answers) => {
                let own = answers.get(items).map(<[_]>::to_vec);
                own.map(Some).ok_or_else(|| ErrorKind::Internal.into())
            }
            Carried::Missing => Ok(None),
            Carried::Refused(error) | Carried::Failed(error) => Err(error),
        }
    }

    /// Sends the part in its turn. A repeated part has its old place.
    async fn turn<I>(
        &self,
        arrival: u64,
        part: &Part<C, I>,
        is_alone: bool,
    ) -> Result<(Carried<C::Answer>, Range<usize>, bool), Error>
    where
        C: Clone,
        I: Fn() -> Vec<GrantItem>,
    {
        let (sent, mut is_sent) = oneshot::channel();
        let waiting = Waiting {
            carrier: part.carrier.clone(),
            items: (part.items)(),
            max_items: part.max_items,
            deadline: part.deadline,
            is_alone,
            sent,
        };
        let place = Place(&self.0, arrival);
        self.0.lock().waiting.insert(arrival, waiting);
        self.0.start(None);
        let now = Instant::now();
        let patience = now + part.deadline.saturating_duration_since(now) / PATIENCE;
        let sent = match timeout_at(patience, &mut is_sent).await {
            Ok(sent) => sent,
            Err(_) => {
                self.0.start(Some(arrival));
                is_sent.await
            }
        };
        drop(place);
        let sent = sent.map_err(|gone| Error::new(ErrorKind::Internal).with_source(gone))?;
        Ok((sent.batch.await, sent.items, sent.is_shared))
    }
}

/// The place of a call among the waiting: a call that is cancelled leaves it, and its items are not sent.
struct Place<'a, C: Carry>(&'a Inner<C>, u64);

impl<C: Carry> Drop for Place<'_, C> {
    fn drop(&mut self) {
        // It is dropped after the lock: it may hold the last client.
        let left = self.0.lock().waiting.remove(&self.1);
        drop(left);
    }
}

/// One of the batches under way. Its end, however it comes, lets the next one start.
struct Slot<C: Carry>(Arc<Inner<C>>);

impl<C: Carry> Drop for Slot<C> {
    fn drop(&mut self) {
        self.0.lock().running -= 1;
        self.0.start(None);
    }
}

impl<C: Carry> Inner<C> {
    fn arrival(&self) -> u64 {
        let mut state = self.lock();
        state.arrivals += 1;
        state.arrivals
    }

    /// Starts the batches whose turn it is, and in any case those up to the arrival `hurried`.
    fn start(self: &Arc<Self>, hurried: Option<u64>) {
        loop {
            let batch = {
                let mut state = self.lock();
                let Some(calls) = state.next(self.at_once, hurried) else {
                    return;
                };
                state.running += 1;
                let calls = (0..calls).map_while(|_| state.waiting.pop_first());
                calls.map(|(_, call)| call).collect::<Vec<_>>()
            };
            // Not under the lock: a batch that nobody waits for any more ends here.
            send(batch, Slot(Arc::clone(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        // No code under the lock leaves the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Carry> State<C> {
    /// Returns how many of the first calls make the next batch; `None` when it has to wait. No call overtakes
    /// another.
    fn next(&self, at_once: usize, hurried: Option<u64>) -> Option<usize> {
        let (first, _) = self.waiting.first_key_value()?;
        let (mut calls, mut items, mut max_items) = (0, 0, usize::MAX);
        let mut is_full = false;
        for call in self.waiting.values() {
            let limit = max_items.min(call.max_items.get());
            let is_first = calls == 0;
            if !is_first && items + call.items.len() > limit {
                is_full = true;
                break;
            }
            if !is_first && call.is_alone {
                break;
            }
            (calls, items, max_items) = (calls + 1, items + call.items.len(), limit);
            if call.is_alone {
                break;
            }
        }
        // A full batch gains nothing by waiting.
        is_full |= items >= max_items;
        let is_hurried = hurried.is_some_and(|hurried| *first <= hurried);
        (is_full || is_hurried || self.running < at_once).then_some(calls)
    }
}

/// Starts one batch of these calls. Its deadline is the latest of theirs.
fn send<C: Carry>(calls: Vec<Waiting<C>>, slot: Slot<C>) {
    let is_shared = calls.len() > 1;
    let (mut carrier, mut items, mut deadline) = (None, Vec::new(), None);
    let mut receivers = Vec::with_capacity(calls.len());
    for call in calls {
        let start = items.len();
        items.extend(call.items);
        receivers.push((call.sent, start..items.len()));
        deadline = deadline.max(Some(call.deadline));
        carrier = carrier.or(Some(call.carrier));
    }
    let (Some(carrier), Some(deadline)) = (carrier, deadline) else {
        return;
    };
    let batch: BoxFuture<'static, _> = Box::pin(async move {
        let _slot = slot;
        carrier.carry(items, deadline).await
    });
    let batch = batch.shared();
    for (receiver, items) in receivers {
        // A call that was cancelled at this moment gets nothing.
        let _ = receiver.send(Sent {
            batch: batch.clone(),
            items,
            is_shared,
        });
    }
}

#[cfg(test)]
mod tests;
