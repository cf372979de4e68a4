//! The bench, and the processes that it starts. Started by `cargo xtask bench`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lunadefend_bench::main(|| None)
}
