use super::*;
use lunadefend_core::{SessionId, provider::TokenId};
use std::time::Duration;
use tokio::sync::mpsc;

/// A batch that the test answers.
struct Batch {
    tokens: Vec<String>,
    deadline: Instant,
    end: oneshot::Sender<Carried<String>>,
}

impl Batch {
    /// Answers each item with its own token.
    fn answer(self) {
        let carried = Carried::Answered(self.tokens.into());
        self.end.send(carried).unwrap();
    }

    fn refuse(self) {
        let error = Error::new(ErrorKind::BadTokenizerResponse);
        self.end.send(Carried::Refused(error)).unwrap();
    }
}

#[derive(Clone)]
struct Carrier(mpsc::UnboundedSender<Batch>);

impl Carry for Carrier {
    type Answer = String;

    fn carry(
        self,
        items: Vec<GrantItem>,
        deadline: Instant,
    ) -> BoxFuture<'static, Carried<String>> {
        let (end, ended) = oneshot::channel();
        let tokens = items.into_iter().map(|item| item.token_id).collect();
        let sent = self.0.send(Batch {
            tokens,
            deadline,
            end,
        });
        Box::pin(async move {
            sent.map_err(drop).unwrap();
            ended.await.unwrap()
        })
    }
}

type Outcome = Result<Option<Vec<String>>, Error>;

/// A queue with one batch at once, and the batches that it sends.
struct Fixture {
    queue: Arc<Queue<Carrier>>,
    carrier: Carrier,
    batches: mpsc::UnboundedReceiver<Batch>,
}

const LONG: Duration = Duration::from_secs(3600);

impl Fixture {
    fn new() -> Self {
        let (sender, batches) = mpsc::unbounded_channel();
        Self {
            queue: Arc::new(Queue::new(1)),
            carrier: Carrier(sender),
            batches,
        }
    }

    /// Makes a call for the tokens of these numbers.
    fn ask(
        &self,
        numbers: Range<usize>,
        time: Duration,
    ) -> impl Future<Output = Outcome> + Send + 'static {
        let queue = Arc::clone(&self.queue);
        let carrier = self.carrier.clone();
        async move {
            let part = Part {
                carrier,
                items: || numbers.clone().map(item).collect(),
                max_items: NonZeroUsize::new(10).unwrap(),
                deadline: Instant::now() + time,
            };
            queue.ask(part).await
        }
    }

    /// The same in a task, which has taken its place when this returns.
    async fn call(
        &self,
        numbers: Range<usize>,
        time: Duration,
    ) -> tokio::task::JoinHandle<Outcome> {
        let before = self.queue.0.lock().arrivals;
        let call = tokio::spawn(self.ask(numbers, time));
        while self.queue.0.lock().arrivals == before {
            tokio::task::yield_now().await;
        }
        call
    }

    async fn batch(&mut self) -> Batch {
        self.batches.recv().await.unwrap()
    }

    fn is_idle(&self) -> bool {
        let state = self.queue.0.lock();
        state.running == 0 && state.waiting.is_empty()
    }
}

fn text(number: usize) -> String {
    format!("lunasec-00000000-0000-4000-8000-{number:012}")
}

fn texts(numbers: Range<usize>) -> Vec<String> {
    numbers.map(text).collect()
}

fn item(number: usize) -> GrantItem {
    let session = SessionId::new("session-abc").unwrap();
    GrantItem::new(&session, &TokenId::parse(&text(number)).unwrap(), None)
}

#[tokio::test(start_paused = true)]
async fn a_call_alone_is_sent_when_it_is_first_polled() {
    let mut fixture = Fixture::new();
    let mut call = Box::pin(fixture.ask(0..3, LONG));
    assert!(call.as_mut().now_or_never().is_none());
    let batch = fixture.batches.try_recv().unwrap();
    assert_eq!(batch.tokens, texts(0..3));
    batch.answer();
    assert_eq!(call.await.unwrap().unwrap(), texts(0..3));
    assert!(fixture.is_idle());
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_share_the_next_batch_in_the_order_of_arrival() {
    let mut fixture = Fixture::new();
    let first = fixture.call(0..1, LONG).await;
    let held = fixture.batch().await;
    let mut others = Vec::new();
    let start = Instant::now();
    for number in 1..6 {
        others.push(fixture.call(2 * number..2 * number + 2, LONG).await);
    }
    // Ten items are a full batch, which waits no longer.
    let full = fixture.batch().await;
    assert_eq!(full.tokens, texts(2..12));
    assert_eq!(start.elapsed(), Duration::ZERO);
    others.push(fixture.call(12..14, LONG).await);
    full.answer();
    held.answer();
    let last = fixture.batch().await;
    assert_eq!(last.tokens, texts(12..14));
    last.answer();
    assert_eq!(first.await.unwrap().unwrap().unwrap(), texts(0..1));
    for (number, call) in (1..).zip(others) {
        let own = texts(2 * number..2 * number + 2);
        assert_eq!(call.await.unwrap().unwrap().unwrap(), own);
    }
    assert!(fixture.is_idle());
}

#[tokio::test(start_paused = true)]
async fn no_call_overtakes_another() {
    let mut fixture = Fixture::new();
    let start = Instant::now();
    let _first = fixture.call(0..1, LONG).await;
    let held = fixture.batch().await;
    let _some = fixture.call(1..6, LONG).await;
    let _more = fixture.call(6..15, LONG).await;
    // It would fit into the batch of the first ones.
    let _small = fixture.call(15..16, LONG).await;
    assert_eq!(fixture.batch().await.tokens, texts(1..6));
    assert_eq!(fixture.batch().await.tokens, texts(6..16));
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(held);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_is_not_sent_and_keeps_nobody() {
    let mut fixture = Fixture::new();
    let first = fixture.call(0..1, LONG).await;
    let _held = fixture.batch().await;
    let cancelled = fixture.call(1..2, LONG).await;
    let kept = fixture.call(2..3, LONG).await;
    let later = fixture.call(3..4, LONG).await;
    cancelled.abort();
    assert!(cancelled.await.unwrap_err().is_cancelled());
    // The end of the first by cancellation starts the next, too.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let batch = fixture.batch().await;
    assert_eq!(batch.tokens, texts(2..4));
    // One of two that share a batch under way.
    kept.abort();
    assert!(kept.await.unwrap_err().is_cancelled());
    batch.answer();
    assert_eq!(later.await.unwrap().unwrap().unwrap(), texts(3..4));
    assert!(fixture.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_batch_ends_with_the_last_of_its_calls() {
    let mut fixture = Fixture::new();
    let first = fixture.call(0..1, LONG).await;
    fixture.batch().await.answer();
    first.await.unwrap().unwrap();
    let _holding = fixture.call(1..2, LONG).await;
    let held = fixture.batch().await;
    let calls = [
        fixture.call(2..3, LONG).await,
        fixture.call(3..4, LONG).await,
    ];
    held.answer();
    let mut shared = fixture.batch().await;
    for call in calls {
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
    }
    shared.end.closed().await;
    assert!(fixture.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_repeated_one_call_at_a_time() {
    let mut fixture = Fixture::new();
    let first = fixture.call(0..1, LONG).await;
    let held = fixture.batch().await;
    let mut calls = Vec::new();
    for number in 1..4 {
        calls.push(fixture.call(number..number + 1, LONG).await);
    }
    held.answer();
    first.await.unwrap().unwrap();
    let shared = fixture.batch().await;
    assert_eq!(shared.tokens, texts(1..4));
    shared.refuse();
    let mut repeated = Vec::new();
    for _ in 1..4 {
        let batch = fixture.batch().await;
        assert_eq!(batch.tokens.len(), 1);
        assert!(fixture.batches.is_empty(), "one at a time");
        repeated.push(batch.tokens[0].clone());
        if batch.tokens == texts(2..3) {
            batch.refuse();
        } else {
            batch.answer();
        }
    }
    repeated.sort_unstable();
    assert_eq!(repeated, texts(1..4));
    for (number, call) in (1..).zip(calls) {
        match call.await.unwrap() {
            Ok(answers) => assert_eq!(answers.unwrap(), [text(number)]),
            Err(error) => {
                assert_eq!((number, error.kind()), (2, ErrorKind::BadTokenizerResponse));
            }
        }
    }
    assert!(fixture.batches.is_empty(), "once only");
    assert!(fixture.is_idle());
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_nobodys_fault_is_not_repeated() {
    let mut fixture = Fixture::new();
    let _first = fixture.call(0..1, LONG).await;
    let held = fixture.batch().await;
    let calls = [
        fixture.call(1..2, LONG).await,
        fixture.call(2..3, LONG).await,
    ];
    held.answer();
    let error = Error::new(ErrorKind::TokenizerUnavailable);
    let shared = fixture.batch().await;
    shared.end.send(Carried::Failed(error)).unwrap();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    }
    assert!(fixture.batches.is_empty());
    assert!(fixture.is_idle());
}

#[tokio::test(start_paused = true)]
async fn each_call_has_its_own_deadline_and_the_batch_the_latest() {
    let mut fixture = Fixture::new();
    let start = Instant::now();
    let _first = fixture.call(0..1, LONG).await;
    let held = fixture.batch().await;
    let long = fixture.call(1..2, LONG).await;
    let short = fixture.call(2..3, LONG / 60).await;
    held.answer();
    let shared = fixture.batch().await;
    assert_eq!(shared.tokens, texts(1..3));
    assert!(shared.deadline >= start + LONG);
    // Nobody answers until the short one is over.
    let error = short.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenizerUnavailable);
    assert!(start.elapsed() < LONG / 50, "in time");
    shared.answer();
    assert_eq!(long.await.unwrap().unwrap().unwrap(), texts(1..2));
    assert!(fixture.is_idle());
}

/// Batches that hang do not use up the time of a call behind them.
#[tokio::test(start_paused = true)]
async fn a_call_does_not_wait_for_ever_for_batches_before_it() {
    let mut fixture = Fixture::new();
    let _first = fixture.call(0..1, LONG).await;
    let _held = fixture.batch().await;
    let call = fixture.call(1..2, LONG).await;
    let start = Instant::now();
    let batch = fixture.batch().await;
    assert_eq!(batch.tokens, texts(1..2));
    assert!(start.elapsed() < LONG / 2);
    batch.answer();
    assert_eq!(call.await.unwrap().unwrap().unwrap(), texts(1..2));
}
