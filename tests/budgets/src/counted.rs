//! What is counted of a run. `xtask/src/budgets` finds both functions by their names.

use anyhow::Result;
use std::{
    cell::Cell,
    future::Future,
    hint::black_box,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::runtime::Runtime;

thread_local! {
    static IS_COUNTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs the piece itself. Entering switches counting on, and leaving switches it off.
#[inline(never)]
pub(crate) fn counting<T>(work: impl FnOnce() -> T) -> T {
    IS_COUNTING.set(true);
    let done = black_box(work());
    IS_COUNTING.set(false);
    done
}

/// Counts `times` calls, after `before` ones that do not count: these open connections, read keys and sign.
pub(crate) fn repeated(
    runtime: &Runtime,
    before: u32,
    times: u32,
    call: impl AsyncFn() -> Result<()>,
) -> Result<()> {
    for _ in 0..before {
        runtime.block_on(call())?;
    }
    counting(|| {
        runtime.block_on(async {
            for _ in 0..times {
                call().await?;
            }
            Ok(())
        })
    })
}

/// Runs what is not part of the piece, but has its turn while the piece waits. Entering switches counting off, and
/// leaving switches it on again.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// A future that is not counted.
pub(crate) struct Apart<F>(pub(crate) Pin<Box<F>>);

impl<F: Future> Future for Apart<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut work = || self.0.as_mut().poll(context);
        if IS_COUNTING.get() {
            apart(work)
        } else {
            work()
        }
    }
}
