//! Things that run after each other, and the lines that close them.

use anyhow::{Result, ensure};
use std::time::Instant;

/// Runs each step, by its name: one that fails does not keep the others from being looked at. Fails when one did.
pub(crate) fn run<'n>(
    command: &str,
    steps: impl IntoIterator<Item = (&'n str, impl FnOnce() -> Result<()>)>,
) -> Result<()> {
    let mut closing = Vec::new();
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, step) in steps {
        println!("== {name}");
        let started = Instant::now();
        let outcome = step();
        let seconds = started.elapsed().as_secs_f64();
        if let Err(error) = &outcome {
            eprintln!("error: {name}: {error:#}");
        }
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("== {name}: {verdict} in {seconds:.1} s");
        closing.push(format!(
            "{command}: {name:<9} {verdict:<6} {seconds:>8.1} s"
        ));
        match outcome {
            Ok(()) => passed += 1,
            Err(_) => failed.push(name),
        }
    }
    println!("\n{}", closing.join("\n"));
    println!("{passed} steps passed, {} failed", failed.len());
    ensure!(
        failed.is_empty(),
        "these steps failed: {}",
        failed.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::cell::RefCell;

    #[test]
    fn one_that_fails_does_not_hold_up_the_others_and_is_told() {
        let done = RefCell::new(Vec::new());
        let names = ["a", "b", "c"];
        let steps = names.map(|name| {
            let done = &done;
            let step = move || {
                done.borrow_mut().push(name);
                if name == "b" {
                    bail!("broken");
                }
                Ok(())
            };
            (name, step)
        });
        let error = run("test", steps).unwrap_err().to_string();
        assert_eq!(error, "these steps failed: b");
        assert_eq!(*done.borrow(), names);
        let fine = [("a", || Ok(()))];
        run("test", fine).unwrap();
    }
}
