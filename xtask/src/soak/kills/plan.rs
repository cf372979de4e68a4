//! Which processes are killed when: chosen from a seed, so that a run can be repeated.

use fastrand::Rng;
use std::{ops::Range, time::Duration};

/// How long all are left alone, in milliseconds.
const ALONE: Range<u64> = 500..4000;
/// How long after one the other is killed, when there are two in a round.
const BETWEEN: Range<u64> = 0..500;
/// How long those that were killed are away.
const AWAY: Range<u64> = 50..2000;

/// Kills, after which all that were killed are started again.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// One process or two, each after a pause. They are different, and fewer than all.
    pub(super) kills: Vec<(Duration, usize)>,
    /// The pause before they are started again.
    pub(super) away: Duration,
}

/// So many kills of so many processes, of which there are more than two.
pub(super) fn rounds(seed: u64, kills: usize, processes: usize) -> Vec<Round> {
    let mut rng = Rng::with_seed(seed);
    let mut rounds = Vec::new();
    let mut left = kills;
    while left > 0 {
        let first = rng.usize(..processes);
        let mut kills = vec![(millis(&mut rng, ALONE), first)];
        if left > 1 && rng.u8(..3) == 0 {
            let second = (first + rng.usize(1..processes)) % processes;
            kills.push((millis(&mut rng, BETWEEN), second));
        }
        left -= kills.len();
        let away = millis(&mut rng, AWAY);
        rounds.push(Round { kills, away });
    }
    rounds
}

fn millis(rng: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kill_is_of_one_that_is_up_and_one_always_is() {
        for seed in 0..100 {
            let rounds = rounds(seed, 50, 3);
            let kills: usize = rounds.iter().map(|round| round.kills.len()).sum();
            assert_eq!(kills, 50);
            for round in &rounds {
                let [(_, first), rest @ ..] = &round.kills[..] else {
                    panic!("a round without a kill");
                };
                assert!(rest.len() < 2, "all three");
                assert!(rest.iter().all(|(_, second)| second != first));
                assert!(round.kills.iter().all(|(_, process)| *process < 3));
            }
            assert!(rounds.iter().any(|round| round.kills.len() == 2));
        }
    }

    #[test]
    fn a_seed_is_a_plan() {
        assert_eq!(rounds(7, 50, 3), rounds(7, 50, 3));
        assert_ne!(rounds(7, 50, 3), rounds(8, 50, 3));
    }
}
