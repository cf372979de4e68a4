//! Random rotations in a fleet of replicas: no JWT is ever signed with a key that a verifier may not have.

use super::{super::KeyRing, DELAY, RETENTION, Version, at, fetched, published};
use proptest::prelude::*;
use std::ops::Range;

const STEP: i64 = 30;
/// When the first replicas start.
const EARLY: i64 = -300;
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

/// The history of a secret.
#[derive(Clone, Debug)]
struct History {
    /// When its first version was made: before any replica runs, long ago or a moment.
    first: i64,
    rotations: Vec<Rotation>,
}

/// One that runs all the time, so that it has seen every version.
fn lasting_replica() -> impl Strategy<Value = Replica> {
    replica().prop_map(|replica| Replica {
        starts: replica.starts.clamp(EARLY, 0),
        stops: 100_000,
        ..replica
    })
}

fn replica() -> impl Strategy<Value = Replica> {
    (
        prop_oneof![2 => EARLY..=0, 1 => 0..9000i64],
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

/// A rotation that comes at least so many seconds after the one before. A version is pending after its
/// predecessor was: a store has one place for it, and it stays visible until it is the current one.
fn rotation(least: i64) -> impl Strategy<Value = Rotation> {
    (least..4000, prop_oneof![Just(0), 1..2000i64]).prop_map(|(after, pending)| Rotation {
        after,
        pending: pending.min(after),
    })
}

/// The first rotation may come as soon as every replica knows the first key: it may be young.
fn history(first: i64, least: i64, rotations: Range<usize>) -> impl Strategy<Value = History> {
    let made = prop_oneof![Just(-50_000), -4000..=EARLY];
    let first = rotation(first);
    let others = prop::collection::vec(rotation(least), rotations);
    (made, first, others).prop_map(|(made, first, others)| History {
        first: made,
        rotations: [vec![first], others].concat(),
    })
}

/// The versions that a secret store returns at a time: current, previous and next.
type Store = fn(&History, i64) -> (Version, Option<Version>, Option<Version>);

/// One that knows only the current version, as a file does.
fn file(history: &History, now: i64) -> (Version, Option<Version>, Option<Version>) {
    let mut at_once = history.clone();
    for rotation in &mut at_once.rotations {
        rotation.pending = 0;
    }
    (versions(&at_once, now).0, None, None)
}

/// One that knows only the current version, and not when it was made.
fn timeless(history: &History, now: i64) -> (Version, Option<Version>, Option<Version>) {
    let ((number, _), ..) = file(history, now);
    ((number, None), None, None)
}

/// One that keeps versions, as AWS Secrets Manager does.
fn versions(history: &History, now: i64) -> (Version, Option<Version>, Option<Version>) {
    let (mut current, mut previous, mut next) = ((0, Some(history.first)), None, None);
    let mut time = 0;
    for (number, rotation) in (1..).zip(&history.rotations) {
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
fn life(store: Store, replica: &Replica, history: &History, end: i64) -> Vec<Option<Vec<u8>>> {
    let mut pauses = replica.pauses.iter().cycle();
    let mut ring: Option<KeyRing> = None;
    let mut next_fetch = replica.starts;
    let steps = (0..end / STEP).map(|step| step * STEP);
    steps
        .map(|now| {
            while next_fetch <= now {
                let (current, previous, next) = store(history, next_fetch);
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

/// What every replica publishes at each step until some time after the last rotation.
fn lives(store: Store, replicas: &[Replica], history: &History) -> Vec<Vec<Option<Vec<u8>>>> {
    let rotations = history.rotations.iter();
    let end = rotations.map(|rotation| rotation.after).sum::<i64>() + 4000;
    let lives = replicas
        .iter()
        .map(|replica| life(store, replica, history, end));
    lives.collect()
}

/// Whether every verifier has the key of every JWT that any replica signs.
fn check(store: Store, replicas: &[Replica], history: &History) -> Result<(), TestCaseError> {
    let lives = lives(store, replicas, history);
    for (number, signer) in lives.iter().enumerate() {
        for (now, keys) in signer.iter().enumerate() {
            let Some(signing) = keys.as_ref().map(|keys| keys[0]) else {
                continue;
            };
            // The key set that a verifier uses was served by any replica, at any time from before the
            // JWT was signed (and then cached) until it expires.
            let served = now.saturating_sub(steps(CACHED))..signer.len().min(now + steps(JWT_LIFE));
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

/// Whether each replica goes from an older key to a newer one only.
fn check_order(store: Store, replicas: &[Replica], history: &History) -> Result<(), TestCaseError> {
    for life in lives(store, replicas, history) {
        let signing: Vec<_> = life.iter().flatten().map(|keys| keys[0]).collect();
        prop_assert!(signing.is_sorted(), "{signing:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_verifier_has_the_key_of_every_jwt(
        replicas in prop::collection::vec(replica(), 1..5),
        history in history(STEP, DELAY + RETENTION, 0..3),
    ) {
        check(versions, &replicas, &history)?;
    }

    /// Replicas that run all the time, and have seen every version, remember what the store forgets.
    #[test]
    fn replicas_remember(
        replicas in prop::collection::vec(lasting_replica(), 1..5),
        history in history(STEP, SLOWEST + STEP, 0..3),
        store in prop::sample::select(vec![versions as Store, file, timeless]),
    ) {
        check(store, &replicas, &history)?;
    }

    /// However fast one rotation follows another, and whatever the store tells.
    #[test]
    fn signing_never_changes_back(
        replicas in prop::collection::vec(replica(), 1..4),
        history in history(0, 0, 0..3),
        store in prop::sample::select(vec![versions as Store, file, timeless]),
    ) {
        check_order(store, &replicas, &history)?;
    }

    /// The rule does not only hold because nothing ever changes.
    #[test]
    fn in_the_end_the_newest_key_signs(
        replicas in prop::collection::vec(replica(), 1..4),
        history in history(STEP, DELAY + RETENTION, 0..3),
    ) {
        let newest = u8::try_from(history.rotations.len()).unwrap();
        for life in lives(versions, &replicas, &history) {
            if let Some(Some(keys)) = life.last() {
                prop_assert_eq!(keys[0], newest);
            }
        }
    }
}
