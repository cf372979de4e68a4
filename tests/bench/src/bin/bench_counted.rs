//! The same processes with an allocator that counts, which takes time: what they allocate is measured apart.

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::{alloc::System, process::ExitCode};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    lunadefend_bench::main(|| {
        let stats = COUNTING.stats();
        u64::try_from(stats.allocations + stats.reallocations).ok()
    })
}
