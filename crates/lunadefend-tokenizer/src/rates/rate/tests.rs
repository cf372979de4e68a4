use super::*;
use lunadefend_testing::{TestClock, tokenizer::TestTimer};
use proptest::prelude::*;

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

fn rate(rule: Rule, limit: u32) -> (TestClock, Rate<u32>) {
    let clock = TestClock::new();
    let timer = Arc::new(TestTimer(clock.clone()));
    (clock, Rate::new(rule, number(limit), timer))
}

#[test]
fn a_caller_does_as_much_as_the_limit_at_once_and_as_much_again_in_each_period() {
    let (clock, rate) = rate(Rule::SessionRequests, 60);
    let wait = |amount| rate.count(1, number(amount)).map_err(|over| over.wait);
    let second = Duration::from_secs(1);
    assert!(wait(60).is_ok());
    assert_eq!(wait(1), Err(second));
    // Nobody else is meant.
    assert!(rate.count(2, number(60)).is_ok());
    clock.advance(Duration::from_millis(999));
    assert!(wait(1).is_err(), "before its time");
    clock.advance(Duration::from_millis(1));
    assert!(wait(1).is_ok());
    clock.advance(30 * second);
    assert_eq!(wait(31), Err(second));
    assert!(wait(30).is_ok(), "what is refused does not count");
    clock.advance(3600 * second);
    assert!(wait(60).is_ok());
    assert!(wait(1).is_err(), "unused time is not saved up");
}

#[test]
fn more_at_once_than_the_limit_is_never_permitted() {
    let (_, rate) = rate(Rule::Reads, 100);
    let over = rate.count(1, number(101)).unwrap_err();
    assert_eq!(over.wait, Rule::Reads.period());
    assert!(rate.count(1, number(100)).is_ok());
}

#[test]
fn callers_who_did_nothing_lately_are_forgotten() {
    let (clock, rate) = rate(Rule::Refusals, 60);
    let many = u32::try_from(MANY_CALLERS).unwrap();
    for round in 0..4 {
        for caller in 0..many {
            assert!(rate.count(round * many + caller, number(1)).is_ok());
        }
        clock.advance(Duration::from_secs(2));
    }
    assert!(rate.limiter.len() <= MANY_CALLERS + 1);
}

#[test]
fn callers_beyond_the_room_share_one_count() {
    let (_, rate) = rate(Rule::Refusals, 60);
    let most = u32::try_from(MAX_CALLERS).unwrap();
    for caller in 0..most {
        assert!(rate.count(caller, number(60)).is_ok());
    }
    assert!(rate.count(most, number(60)).is_ok());
    assert!(rate.count(most + 1, number(1)).is_err());
    assert_eq!(rate.limiter.len(), MAX_CALLERS + 1);
}

proptest! {
    /// Whatever a caller does, and when: in no period do they get more than one limit that was saved up and the one
    /// that the period adds.
    #[test]
    fn nobody_gets_more_than_twice_the_limit_in_a_period(
        limit in 1_u32..200,
        acts in proptest::collection::vec((0_u64..30_000, 1_u32..50), 1..100),
    ) {
        let (clock, rate) = rate(Rule::SessionRequests, limit);
        let mut now = 0;
        let mut done: Vec<(u64, u32)> = Vec::new();
        for (pause, amount) in acts {
            clock.advance(Duration::from_millis(pause));
            now += pause;
            if rate.count(7, number(amount)).is_ok() {
                done.push((now, amount));
            }
            let lately = done.iter().filter(|(at, _)| now - at < 60_000);
            let lately: u32 = lately.map(|(_, amount)| amount).sum();
            prop_assert!(lately <= 2 * limit, "{lately} of {limit}");
        }
    }
}
