use super::*;

fn round(operations: u64, micros: u64) -> Round {
    Round {
        operations,
        time: Duration::from_secs(2),
        percentiles: [1, 2, 3].map(|times| Duration::from_micros(times * micros)),
        cpu: [Duration::from_secs(1), Duration::from_millis(500)],
        writer: Duration::from_millis(250),
    }
}

const ONE: Id = Id::new("one", 1);
const LIST: Id = Id::new("list", 64);

fn group(one: &[u64], list: &[u64]) -> Group {
    let rounds = |operations: &[u64]| {
        let rounds = operations.iter().map(|&operations| round(operations, 10));
        rounds.collect::<Vec<_>>()
    };
    let ratio = |quantity, wanted| Ratio {
        quantity,
        of: LIST,
        to: ONE,
        wanted,
    };
    Group::new(
        "group",
        "What has to be known.".to_owned(),
        vec![
            Contender::new(ONE, 1, &rounds(one)),
            Contender::new(LIST, 100, &rounds(list)),
        ],
        vec![
            ratio(Quantity::ItemsPerSecond, Wanted::AtLeast(10.0)),
            ratio(Quantity::ItemsPerServerCpu, Wanted::AtLeast(10.1)),
            ratio(Quantity::P50, Wanted::AtMost(2.0)),
        ],
    )
}

#[test]
fn a_contender_has_what_its_rounds_have() {
    let group = group(&[1000, 2000, 1500], &[]);
    let one = &group.contenders[0];
    assert_eq!(one.per_second.median(), Some(750.0));
    assert_eq!(one.p999.median(), Some(30.0));
    assert_eq!(one.per_server_cpu.median(), Some(1500.0));
    assert_eq!(one.per_client_cpu.median(), Some(3000.0));
    let per_writer = one.writer_cpu.median().unwrap();
    assert!((per_writer - 250_000.0 / 1500.0).abs() < 1e-9);
    let micros_per_operation = [3_000_000.0 / 4500.0, 1_500_000.0 / 4500.0];
    assert_eq!(one.cpu, micros_per_operation);
}

#[test]
fn ratios_are_of_tokens_and_say_whether_they_are_as_wanted() {
    let text = group(&[1000, 1100, 1000], &[100, 900, 100]).markdown();
    let has = |line: &[&str]| {
        let cells = |text: &str| text.split('|').map(|cell| cell.trim().to_owned()).collect();
        let found: Vec<Vec<String>> = text.lines().map(cells).collect();
        let wanted = [&[""], line, &[""]].concat();
        assert!(found.iter().any(|line| *line == wanted), "{line:?}\n{text}");
    };
    has(&["list @64 / one @1", "tokens/s", "10.00", ">= 10", "ok"]);
    let quantity = "tokens per second of the server's processor";
    has(&["list @64 / one @1", quantity, "10.00", ">= 10.1", "not ok"]);
    has(&["list @64 / one @1", "p50", "1.00", "<= 2", "ok"]);
}

#[test]
fn no_ratio_is_told_when_the_reference_is_noisy_or_missing() {
    let noisy = group(&[1000, 1300, 1000], &[100, 100, 100]);
    let text = noisy.markdown();
    assert!(text.contains("too noisy (spread 30 %)"), "{text}");
    assert!(!text.contains("10.00"), "{text}");
    let json = noisy.json();
    assert_eq!(json["ratios"][0]["verdict"], "too noisy");
    assert!(json["ratios"][0]["is"].is_null());
    let rounds = &json["contenders"][0]["per_second"];
    assert_eq!(rounds, &serde_json::json!([500.0, 650.0, 500.0]));

    let mut missing = group(&[1000], &[100]);
    missing.contenders.remove(0);
    let text = missing.markdown();
    assert!(text.contains("not measured"), "{text}");
}

#[test]
fn a_fact_over_its_limit_is_not_ok() {
    let fact = |value, at_most| Fact {
        name: "resident memory".to_owned(),
        rounds: [value].into_iter().collect(),
        unit: "MiB",
        at_most,
    };
    let last = |fact| fact_row(&fact).pop().unwrap();
    assert_eq!(last(fact(256.1, Some(256.0))), "not ok");
    assert_eq!(last(fact(256.0, Some(256.0))), "ok");
    assert_eq!(last(fact(256.0, None)), "");
}

#[test]
fn the_slowest_calls_are_judged_by_a_steady_speed() {
    let of = |operations: &[u64]| {
        let mut group = group(operations, operations);
        group.contenders[0].p999 = [10.0, 90.0, 20.0].into_iter().collect();
        group.verdict(&Ratio {
            quantity: Quantity::P999,
            of: LIST,
            to: ONE,
            wanted: Wanted::AtMost(2.0),
        })
    };
    let (ratio, ok) = (1.5, true);
    assert_eq!(of(&[100, 100, 100]), Verdict::Is { ratio, ok });
    assert!(matches!(of(&[100, 130, 100]), Verdict::TooNoisy { .. }));
}
