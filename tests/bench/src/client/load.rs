//! So many callers at once, each one call after the other.

use crate::job::Done;
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Does one operation after the other.
pub(super) trait Caller: Send + 'static {
    /// Does one, and checks its outcome.
    fn call(&mut self) -> impl Future<Output = Result<()>> + Send;
}

/// Lets the callers call for a time, each at least once. Calls that have begun are ended, and count.
pub(super) async fn run<C: Caller>(callers: Vec<C>, time: Duration) -> Result<(Vec<C>, Done)> {
    let begun = Instant::now();
    let end = begun + time;
    let mut tasks = JoinSet::new();
    for mut caller in callers {
        tasks.spawn(async move {
            let mut taken = Vec::new();
            let mut before = Instant::now();
            loop {
                caller.call().await?;
                let now = Instant::now();
                taken.push(now - before);
                before = now;
                if now >= end {
                    return anyhow::Ok((caller, taken));
                }
            }
        });
    }
    let (mut callers, mut all) = (Vec::new(), Vec::new());
    while let Some(ended) = tasks.join_next().await {
        let (caller, taken) = ended??;
        callers.push(caller);
        all.push(taken);
    }
    let nanos = nanos(begun.elapsed());
    Ok((callers, done(nanos, &all)?))
}

/// What was done in that time.
fn done(nanos_taken: u64, all: &[Vec<Duration>]) -> Result<Done> {
    /// No call takes longer: the tokenizer ends each one before.
    const LONGEST: Duration = Duration::from_secs(120);
    let mut histogram = Histogram::<u64>::new_with_max(nanos(LONGEST), 3)?;
    for taken in all.iter().flatten() {
        let record = histogram.record(nanos(*taken));
        record.context("a call took minutes")?;
    }
    let at = |part| histogram.value_at_quantile(part);
    Ok(Done {
        operations: histogram.len(),
        nanos: nanos_taken,
        percentiles: [0.5, 0.99, 0.999].map(at),
        allocations: None,
    })
}

fn nanos(time: Duration) -> u64 {
    // That many nanoseconds are 584 years.
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    struct Counted(Arc<AtomicU64>, Option<u64>);

    impl Caller for Counted {
        async fn call(&mut self) -> Result<()> {
            let before = self.0.fetch_add(1, Ordering::Relaxed);
            anyhow::ensure!(self.1 != Some(before), "an unexpected answer");
            Ok(())
        }
    }

    #[tokio::test]
    async fn each_call_counts_once() {
        let calls = Arc::new(AtomicU64::new(0));
        let callers = (0..7).map(|_| Counted(calls.clone(), None)).collect();
        let (callers, done) = run(callers, Duration::from_millis(5)).await.unwrap();
        assert_eq!(callers.len(), 7);
        assert_eq!(done.operations, calls.load(Ordering::Relaxed));
        assert!(done.operations >= 7);
    }

    #[tokio::test]
    async fn one_unexpected_answer_is_the_end() {
        let calls = Arc::new(AtomicU64::new(0));
        let callers = vec![Counted(calls, Some(3))];
        assert!(run(callers, Duration::from_secs(600)).await.is_err());
    }

    #[test]
    fn percentiles_are_of_all_callers() {
        let micros = |from: u64, to: u64| (from..to).map(Duration::from_micros).collect();
        let all: [Vec<Duration>; 2] = [micros(1, 501), micros(501, 1001)];
        let done = done(7, &all).unwrap();
        assert_eq!((done.operations, done.nanos), (1000, 7));
        for (is, wanted) in done.percentiles.iter().zip([500_000, 990_000, 999_000]) {
            let off = is.abs_diff(wanted);
            assert!(off <= wanted / 500, "{is} is not {wanted}");
        }
    }
}
