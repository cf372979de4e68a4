//! What callgrind reports of a run.

/// The functions of `lunadefend-budgets` at whose beginning and end counting is switched on or off.
pub(super) const TOGGLES: [&str; 2] = ["*counted::counting*", "*counted::apart*"];

/// The functions of the C library that allocate.
const ALLOCATE: [&str; 5] = [
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
];

/// The counts of a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) instructions: u64,
    pub(super) allocations: u64,
}

impl Counts {
    /// Reads a report without compressed names. `None` when nothing was counted.
    pub(super) fn read(report: &str) -> Option<Self> {
        let (mut instructions, mut allocations) = (None, 0);
        let mut callee = "";
        for line in report.lines() {
            if let Some(total) = line.strip_prefix("totals: ") {
                instructions = total.trim().parse().ok();
            } else if let Some(name) = line.strip_prefix("cfn=") {
                callee = name;
            } else if let Some(calls) = line.strip_prefix("calls=")
                && allocates(callee)
            {
                allocations += calls.split(' ').next()?.parse::<u64>().ok()?;
            }
        }
        let instructions = instructions.filter(|count| *count > 0)?;
        Some(Self {
            instructions,
            allocations,
        })
    }
}

/// `malloc'2` is a `malloc` within another one.
fn allocates(name: &str) -> bool {
    let name = name.split('\'').next().unwrap_or_default();
    ALLOCATE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
version: 1
events: Ir

fn=(below main)
0 100
cfn=malloc
calls=3 0
0 900
cfn=my_malloc
calls=7 0
0 70

fn=other
cob=/lib/libc.so.6
cfi=malloc.c
cfn=realloc
calls=2 0
0 40
cfn=malloc'2
calls=1 0
0 10

totals: 1120
";

    #[test]
    fn instructions_and_calls_that_allocate() {
        let expected = Counts {
            instructions: 1120,
            allocations: 6,
        };
        assert_eq!(Counts::read(REPORT), Some(expected));
    }

    #[test]
    fn a_run_in_which_nothing_was_counted_is_no_cheap_one() {
        assert_eq!(Counts::read(&REPORT.replace("1120", "0")), None);
        assert_eq!(Counts::read("events: Ir\n"), None);
    }
}
