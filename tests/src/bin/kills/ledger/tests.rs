use super::*;

const DONE: Outcome<()> = Outcome::Done(());
const REFUSED: Outcome<()> = Outcome::Refused;
const UNSENT: Outcome<()> = Outcome::Unsent;
const UNKNOWN: Outcome<()> = Outcome::Unknown;

#[test]
fn what_was_acknowledged_last_must_be_seen() {
    let mut standing = Standing::new(false);
    for granted in [true, false, true] {
        standing.asked(granted, &DONE);
        assert_eq!(standing.judge(granted), None);
        assert_eq!(standing.judge(!granted), Some(Fault::Lost));
    }
    for nothing_done in [REFUSED, UNSENT] {
        standing.asked(false, &nothing_done);
        assert_eq!(standing.judge(false), Some(Fault::Lost));
    }
}

#[test]
fn an_unanswered_request_may_be_done_and_late() {
    let mut standing = Standing::new(true);
    standing.asked(false, &UNKNOWN);
    assert_eq!(standing.judge(true), None);
    assert_eq!(standing.judge(false), None);
    // It may overtake a grant that was acknowledged after it.
    standing.asked(true, &DONE);
    assert_eq!(standing.judge(false), None);
    // But nothing that was asked can make a grant of an end that was acknowledged.
    standing.asked(false, &DONE);
    assert_eq!(standing.judge(true), Some(Fault::Lost));
    standing.asked(true, &UNKNOWN);
    assert_eq!(standing.judge(true), None);
}

#[test]
fn a_value_is_read_as_it_was_stored_or_refused_for_a_reason() {
    let read = |standing, acknowledged, outcome: Outcome<&[u8]>| {
        judge_read(
            standing,
            acknowledged,
            b"value",
            &outcome.map(<[u8]>::to_vec),
        )
    };
    let (granted, revoked) = (Standing::new(true), Standing::new(false));
    for acknowledged in [true, false] {
        assert_eq!(read(granted, acknowledged, Outcome::Done(b"value")), None);
        assert_eq!(
            read(granted, acknowledged, Outcome::Done(b"valu")),
            Some(Fault::Lost)
        );
        assert_eq!(
            read(revoked, acknowledged, Outcome::Done(b"value")),
            Some(Fault::Lost)
        );
        assert_eq!(read(revoked, acknowledged, Outcome::Refused), None);
        for unanswered in [Outcome::Unsent, Outcome::Unknown] {
            assert!(unanswered.is_unanswered());
            assert_eq!(read(granted, acknowledged, unanswered), None);
        }
    }
    assert_eq!(
        read(granted, true, Outcome::Refused),
        Some(Fault::Lost),
        "an acknowledged value is gone"
    );
    assert_eq!(read(granted, false, Outcome::Refused), None);
}

#[test]
fn one_may_take_it_and_may_take_it_again() {
    let mut once = Once::default();
    assert_eq!(once.tried(1, &DONE), None);
    assert_eq!(once.tried(1, &DONE), None);
    assert_eq!(once.tried(2, &REFUSED), None);
    assert_eq!(once.judge(), None);
    assert_eq!(once.tried(2, &DONE), Some(Fault::Twice));

    let mut once = Once::default();
    once.tried(1, &DONE);
    assert_eq!(once.tried(1, &REFUSED), Some(Fault::Lost));
}

#[test]
fn what_all_are_refused_is_lost_unless_an_unanswered_one_has_it() {
    let mut once = Once::default();
    assert_eq!(once.judge(), None, "nobody has asked");
    once.tried(1, &UNSENT);
    assert_eq!(once.judge(), None);
    once.tried(1, &REFUSED);
    once.tried(2, &UNSENT);
    assert_eq!(once.judge(), Some(Fault::Lost));
    once.tried(2, &UNKNOWN);
    assert_eq!(once.judge(), None);
    once.tried(2, &REFUSED);
    assert_eq!(
        once.judge(),
        Some(Fault::Lost),
        "nor has it the unanswered one"
    );
    // Whoever asks later may still be the first.
    assert_eq!(once.tried(3, &DONE), None);
}

#[test]
fn each_request_is_counted_once() {
    let mut tally = Tally::default();
    for outcome in [
        DONE,
        REFUSED,
        UNSENT,
        UNKNOWN,
        Outcome::Wrong(String::new()),
    ] {
        tally.count(&outcome);
    }
    tally.fault(Fault::Lost);
    tally.fault(Fault::Twice);
    let mut sum = tally;
    sum += tally;
    assert_eq!((sum.requests, sum.acknowledged), (10, 4));
    assert_eq!((sum.unsent, sum.unknown, sum.wrong), (2, 2, 2));
    assert_eq!((sum.lost, sum.twice, sum.faults()), (2, 2, 6));
}
