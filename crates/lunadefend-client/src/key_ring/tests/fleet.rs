//! Rotations as a fleet of replicas goes through them, at random: no JWT is ever signed with a key that
//! somebody who has to verify it may not have.

use super::{super::KeyRing, DELAY, RETENTION, Version, at, fetched, published};
use proptest::prelude::*;

const STEP: i64 = 30;
const SLOWEST: i64 = 330;
/// Two caches on the way to the tokenizer, each for the time that the key set may be cached.
const CACHED: i64 = 600;
/// The life of a JWT, and what a tokenizer allows for clocks.
const JWT_LIFE: i64 = 900 + 60;

#[derive(Clone, Debug)]
struct Replica {
    starts: i64,
    stops: i64,
    /// Times between its fetches, again and again.
    pauses: Vec<i64>,
    clock_skew: i64,
}

#[derive(Clone, Debug)]
struct Rotation {
    /// Since the one before.
    after: i64,
    /// For how long the version is pending before it becomes current.
    pending: i64,
}

/// One that runs all the time, so that it has seen every version.
fn lasting_replica() -> impl Strategy<Value = Replica> {
    replica().prop_map(|replica| Replica {
        starts: -2000,
        stops: 100_000,
        ..replica
    })
}

fn replica() -> impl Strategy<Value = Replica> {
    (
        prop_oneof![2 => Just(-2000), 1 => 0..9000i64],
        prop_oneof![2 => Just(100_000), 1 => 1000..12_000i64],
        prop::collection::vec(300..=SLOWEST, 1..5),
        -20..=20i64,
    )
        .prop_map(|(starts, stops, pauses, clock_skew)| Replica {
            starts,
            stops: stops.max(starts + 300),
            pauses,
            clock_skew,
        })
}

/// A rotation that comes at least so many seconds after the one before.
fn rotation(least: i64) -> impl Strategy<Value = Rotation> {
    (least..4000, prop_oneof![Just(0), 1..2000i64])
        .prop_map(|(after, pending)| Rotation { after, pending })
}

/// What a secret store answers at a time: current, previous and next.
type Store = fn(&[Rotation], i64) -> (Version, Option<Version>, Option<Version>);

/// One that knows only the current version, as a file does.
fn file(rotations: &[Rotation], now: i64) -> (Version, Option<Version>, Option<Version>) {
    let at_once: Vec<_> = rotations
        .iter()
        .map(|rotation| Rotation {
            pending: 0,
            ..*rotation
        })
        .collect();
    (versions(&at_once, now).0, None, None)
}

/// One that keeps versions, as AWS Secrets Manager does.
fn versions(rotations: &[Rotation], now: i64) -> (Version, Option<Version>, Option<Version>) {
    let (mut current, mut previous, mut next) = ((0, Some(-50_000)), None, None);
    let mut time = 0;
    for (number, rotation) in (1..).zip(rotations) {
        time += rotation.after;
        let version = (number, Some(time - rotation.pending));
        if now >= time {
            previous = Some(current);
            current = version;
        } else if now >= time - rotation.pending && next.is_none() {
            next = Some(version);
        }
    }
    (current, previous, next)
}

/// What a replica publishes at each step, the signing key first; `None` while it does not run.
fn life(store: Store, replica: &Replica, rotations: &[Rotation], end: i64) -> Vec<Option<Vec<u8>>> {
    let mut pauses = replica.pauses.iter().cycle();
    let mut ring: Option<KeyRing> = None;
    let mut next_fetch = replica.starts;
    let steps = (0..end / STEP).map(|step| step * STEP);
    steps
        .map(|now| {
            while next_fetch <= now {
                let (current, previous, next) = store(rotations, next_fetch);
                let fetched_at = next_fetch + replica.clock_skew;
                let before = ring.as_ref();
                ring = Some(fetched(before, fetched_at, current, previous, next));
                next_fetch += pauses.next().unwrap();
            }
            let runs = now >= replica.starts && now < replica.stops;
            let ring = ring.as_ref().filter(|_| runs)?;
            assert!(ring.signing(at(now)).is_some());
            Some(published(ring, now + replica.clock_skew))
        })
        .collect()
}

fn steps(seconds: i64) -> usize {
    usize::try_from(seconds / STEP).unwrap()
}

/// Whether every verifier has the key of every JWT that any replica signs.
fn check(store: Store, replicas: &[Replica], rotations: &[Rotation]) -> Result<(), TestCaseError> {
    let end = rotations.iter().map(|rotation| rotation.after).sum::<i64>() + 4000;
    let lives: Vec<_> = replicas
        .iter()
        .map(|replica| life(store, replica, rotations, end))
        .collect();
    for (number, signer) in lives.iter().enumerate() {
        for (now, keys) in signer.iter().enumerate() {
            let Some(signing) = keys.as_ref().map(|keys| keys[0]) else {
                continue;
            };
            // The key set that a verifier uses was served by any replica, at any time from before the
            // JWT was signed (and then cached) until it expires.
            let served = now.saturating_sub(steps(CACHED))..steps(end).min(now + steps(JWT_LIFE));
            for (other, server) in lives.iter().enumerate() {
                for then in served.clone() {
                    let keys = server[then].as_ref();
                    prop_assert!(
                        keys.is_none_or(|keys| keys.contains(&signing)),
                        "replica {number} signs with {signing} in step {now}, replica {other} publishes {keys:?} in step {then}",
                    );
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_verifier_has_the_key_of_every_jwt(
        replicas in prop::collection::vec(replica(), 1..5),
        rotations in prop::collection::vec(rotation(DELAY + RETENTION), 0..4),
    ) {
        check(versions, &replicas, &rotations)?;
    }

    /// Replicas that run all the time, and have seen every version, remember what the store forgets.
    #[test]
    fn replicas_remember(
        replicas in prop::collection::vec(lasting_replica(), 1..5),
        rotations in prop::collection::vec(rotation(SLOWEST + STEP), 0..4),
        keeps_versions: bool,
    ) {
        let store = if keeps_versions { versions } else { file };
        check(store, &replicas, &rotations)?;
    }

    /// The rule does not only hold because nothing ever changes.
    #[test]
    fn in_the_end_the_newest_key_signs(
        replicas in prop::collection::vec(replica(), 1..4),
        rotations in prop::collection::vec(rotation(DELAY + RETENTION), 1..4),
    ) {
        let end = rotations.iter().map(|rotation| rotation.after).sum::<i64>() + 1500;
        let newest = u8::try_from(rotations.len()).unwrap();
        for replica in replicas {
            if let Some(Some(keys)) = life(versions, &replica, &rotations, end).last() {
                prop_assert_eq!(keys[0], newest);
            }
        }
    }
}
