use super::*;
use lunadefend_core::provider::SecretValue;
use std::sync::OnceLock;

mod fleet;

const START: u64 = 1_700_000_000;

/// The keys of the tests, by the text of their version.
fn key(index: u8) -> &'static SigningKey {
    static KEYS: OnceLock<[SigningKey; 4]> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        [
            &include_bytes!("../../testdata/signing_key.der")[..],
            include_bytes!("../../testdata/rotation_b.der"),
            include_bytes!("../../testdata/rotation_c.der"),
            include_bytes!("../../testdata/rotation_d.der"),
        ]
        .map(|der| SigningKey::parse(der, "test").unwrap())
    });
    &keys[usize::from(index)]
}

fn at(seconds: i64) -> SystemTime {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(START);
    let step = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        start - step
    } else {
        start + step
    }
}

/// A key, and when its version was made.
type Version = (u8, Option<i64>);

fn version((index, created): Version) -> SecretVersion {
    SecretVersion {
        value: SecretValue::new([index]),
        created: created.map(at),
        origin: None,
    }
}

fn fetched(
    before: Option<&KeyRing>,
    now: i64,
    current: Version,
    previous: Option<Version>,
    next: Option<Version>,
) -> KeyRing {
    let mut versions = SecretVersions::only(version(current));
    versions.previous = previous.map(version);
    versions.next = next.map(version);
    KeyRing::fetched(
        before,
        &versions,
        KeyRotation::default(),
        at(now),
        |version| match version.value.expose_secret() {
            [index @ 0..4] => Ok(key(*index).clone()),
            other => SigningKey::parse(other, "test"),
        },
    )
    .unwrap()
}

fn index_of(public: &PublicKey) -> u8 {
    (0..4)
        .find(|index| key(*index).public_key() == public)
        .unwrap()
}

/// Which key signs, then the others that are published.
fn published(ring: &KeyRing, now: i64) -> Vec<u8> {
    let published: Vec<_> = ring.published(at(now)).iter().map(index_of).collect();
    let signing = ring.signing(at(now)).map(SigningKey::public_key);
    assert_eq!(published.first().copied(), signing.map(index_of));
    published
}

const DELAY: i64 = 330 + 2 * 300 + 60;
const RETENTION: i64 = 330 + 900 + 60;

#[test]
fn the_times() {
    let rotation = KeyRotation::default();
    assert_eq!(rotation.delay(), Duration::from_secs(DELAY as u64));
    assert_eq!(rotation.retention(), Duration::from_secs(RETENTION as u64));
    let every = Duration::from_secs(0);
    let policy = RefreshPolicy::new(every, Duration::from_secs(60)).unwrap();
    let rotation = KeyRotation::new(policy);
    assert_eq!(rotation.delay(), Duration::from_secs(660));
    let rotation = rotation.with_delay(Duration::from_secs(3));
    assert_eq!(rotation.delay(), Duration::from_secs(3));
}

#[test]
fn a_lone_key_signs_at_once() {
    for created in [None, Some(0), Some(-5000), Some(99_999)] {
        let ring = fetched(None, 0, (0, created), None, None);
        assert_eq!(published(&ring, 0), [0], "{created:?}");
        assert_eq!(published(&ring, 5000), [0], "{created:?}");
    }
    let ring = KeyRing::fixed(key(3).clone());
    assert_eq!(published(&ring, 0), [3]);
}

#[test]
fn a_new_key_is_published_at_once_and_signs_when_it_is_old_enough() {
    let before = fetched(None, 0, (0, Some(-5000)), None, None);
    // Made at 100, seen at 200.
    let ring = fetched(
        Some(&before),
        200,
        (1, Some(100)),
        Some((0, Some(-5000))),
        None,
    );
    assert_eq!(published(&ring, 200), [0, 1]);
    assert_eq!(published(&ring, 100 + DELAY - 1), [0, 1]);
    assert_eq!(published(&ring, 100 + DELAY), [1, 0]);

    // A process that is started in the middle of it decides alike.
    let fresh = fetched(None, 300, (1, Some(100)), Some((0, Some(-5000))), None);
    for now in [300, 100 + DELAY - 1, 100 + DELAY] {
        assert_eq!(published(&fresh, now), published(&ring, now));
    }
}

/// No replica publishes it, however old it is.
#[test]
fn a_version_that_is_taken_back_signs_late_in_a_fresh_process_too() {
    let (taken_back, replaced) = ((0, Some(-50_000)), (2, Some(-5000)));
    let fresh = fetched(None, 0, taken_back, Some(replaced), None);
    assert_eq!(published(&fresh, 0), [2, 0]);
    assert_eq!(published(&fresh, DELAY - 1), [2, 0]);
    assert_eq!(published(&fresh, DELAY), [0, 2]);
    let before = fetched(None, -10, replaced, Some((1, Some(-9000))), None);
    let running = fetched(Some(&before), 0, taken_back, Some(replaced), None);
    for now in [0, DELAY - 1, DELAY] {
        assert_eq!(published(&fresh, now)[0], published(&running, now)[0]);
    }
    // Files whose neighbour was written a moment later are not that.
    let ring = fetched(None, 0, (0, Some(-5000)), Some((1, Some(-4940))), None);
    assert_eq!(published(&ring, 0), [0, 1]);
}

#[test]
fn a_pending_key_is_published_and_ripens() {
    let before = fetched(None, 0, (0, Some(-5000)), None, Some((1, Some(-10))));
    assert_eq!(published(&before, 50_000), [0, 1], "it never signs");
    let ring = fetched(
        Some(&before),
        2000,
        (1, Some(-10)),
        Some((0, Some(-5000))),
        None,
    );
    assert_eq!(published(&ring, 2000), [1, 0], "published for long enough");
}

#[test]
fn without_times_those_of_the_process_count() {
    // A file or variable without versions: what is remembered is the previous key.
    let before = fetched(None, 0, (0, None), None, None);
    let ring = fetched(Some(&before), 1000, (1, None), None, None);
    assert_eq!(published(&ring, 1000), [0, 1]);
    assert_eq!(published(&ring, 1000 + DELAY - 1), [0, 1]);
    assert_eq!(published(&ring, 1000 + DELAY), [1, 0]);
    // Until the last JWT of the old key is over.
    assert_eq!(published(&ring, 1000 + DELAY + RETENTION - 1), [1, 0]);
    assert_eq!(published(&ring, 1000 + DELAY + RETENTION), [1]);
    // Fetches in between change nothing.
    let again = fetched(Some(&ring), 1500, (1, None), None, None);
    for now in (1500..6000).step_by(10) {
        assert_eq!(published(&again, now), published(&ring, now), "{now}");
    }

    // A fresh process that knows both cannot know which is newer, and takes the one that all have.
    let fresh = fetched(None, 0, (1, None), Some((0, None)), None);
    assert_eq!(published(&fresh, 0), [0, 1]);
    assert_eq!(published(&fresh, DELAY), [1, 0]);
}

#[test]
fn while_no_key_is_old_enough_the_one_before_signs_whatever_became_of_it() {
    // A file that is replaced a second after the start, and again: only the process remembers.
    let one = fetched(None, 0, (0, Some(-1)), None, None);
    let two = fetched(Some(&one), 10, (1, Some(1)), None, None);
    assert_eq!(published(&two, 10), [0, 1]);
    let three = fetched(Some(&two), 20, (2, Some(11)), None, None);
    assert_eq!(published(&three, 20), [0, 2, 1]);
    for ring in [&two, &three] {
        assert_eq!(published(ring, DELAY - 2)[0], 0);
        assert_eq!(published(ring, DELAY - 1)[0], 0, "it is old enough now");
        assert_eq!(published(ring, DELAY)[0], 0);
        assert_eq!(published(ring, DELAY + 1)[0], 1);
    }
    assert_eq!(published(&three, DELAY + 10)[0], 1);
    assert_eq!(published(&three, DELAY + 11)[0], 2);
}

#[test]
fn a_version_that_was_taken_back_ripens_anew() {
    // 1 was current long ago; no replica publishes it any more.
    let before = fetched(None, 0, (3, Some(-9000)), Some((2, Some(-20_000))), None);
    let ring = fetched(
        Some(&before),
        300,
        (1, Some(-90_000)),
        Some((3, Some(-9000))),
        None,
    );
    assert_eq!(published(&ring, 300), [3, 1, 2]);
    assert_eq!(published(&ring, 300 + DELAY), [1, 3, 2]);
    // The previous one was published all the time: it may sign at once.
    let ring = fetched(
        Some(&before),
        300,
        (2, Some(-20_000)),
        Some((3, Some(-9000))),
        None,
    );
    assert_eq!(published(&ring, 300), [2, 3]);
}

#[test]
fn two_rotations_in_a_row_go_on_with_the_key_that_everybody_has() {
    let one = fetched(None, 0, (0, Some(-9000)), None, None);
    let two = fetched(
        Some(&one),
        300,
        (1, Some(200)),
        Some((0, Some(-9000))),
        None,
    );
    let three = fetched(Some(&two), 600, (2, Some(500)), Some((1, Some(200))), None);
    assert_eq!(published(&three, 600), [0, 2, 1]);
    assert_eq!(published(&three, 200 + DELAY), [1, 2, 0]);
    assert_eq!(published(&three, 500 + DELAY), [2, 1, 0]);
    let last = 200 + DELAY + RETENTION;
    assert_eq!(published(&three, last - 1), [2, 1, 0]);
    assert_eq!(published(&three, last), [2, 1]);
}

#[test]
fn clocks_that_are_ahead_hold_nobody_back() {
    let before = fetched(None, 0, (0, Some(-9000)), None, None);
    let ring = fetched(
        Some(&before),
        300,
        (1, Some(999_999)),
        Some((0, Some(-9000))),
        None,
    );
    assert_eq!(published(&ring, 300 + DELAY), [1, 0]);
}

#[test]
fn retiring_signs_with_the_current_key_at_once_and_for_good() {
    let before = fetched(None, 0, (0, Some(-9000)), None, None);
    let ring = fetched(
        Some(&before),
        300,
        (1, Some(200)),
        Some((0, Some(-9000))),
        Some((2, Some(200))),
    );
    assert_eq!(published(&ring, 300), [0, 1, 2]);
    let retired = ring.without_older_keys();
    assert_eq!(published(&retired, 300), [1, 2]);
    // The secret still has it.
    let later = fetched(
        Some(&retired),
        600,
        (1, Some(200)),
        Some((0, Some(-9000))),
        None,
    );
    assert_eq!(published(&later, 600), [1]);
    // An operator who makes it the current one again wants it back.
    let back = fetched(
        Some(&later),
        900,
        (0, Some(800)),
        Some((1, Some(200))),
        None,
    );
    assert_eq!(published(&back, 900), [1, 0]);
    assert_eq!(published(&back, 900 + DELAY), [0, 1]);
}

#[test]
fn a_neighbour_that_is_no_key_is_left_out_and_the_current_one_is_not() {
    let ring = fetched(None, 0, (0, None), Some((9, None)), Some((8, None)));
    assert_eq!(published(&ring, 0), [0]);
    // One that was a key a moment ago is remembered.
    let one = fetched(None, 0, (1, Some(-10)), Some((0, Some(-9000))), None);
    let two = fetched(Some(&one), 300, (1, Some(-10)), Some((9, None)), None);
    assert_eq!(published(&two, 300), [0, 1]);

    let versions = SecretVersions::only(version((9, None)));
    let error = KeyRing::fetched(None, &versions, KeyRotation::default(), at(0), |version| {
        SigningKey::parse(version.value.expose_secret(), "test")
    });
    assert!(error.is_err());
}

#[test]
fn the_same_key_in_two_versions_is_published_once() {
    let ring = fetched(None, 0, (0, None), Some((0, None)), Some((0, None)));
    assert_eq!(published(&ring, 0), [0]);
}
