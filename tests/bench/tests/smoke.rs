//! The bench itself, with slices of time that measure nothing: each contender answers as it should, so that the bench does
//! not rot.

use lunadefend_bench::{GroupName, Options, Programs, run};
use serde_json::Value;

#[test]
fn each_contender_answers_and_each_ratio_is_judged_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Programs {
        bench: env!("CARGO_BIN_EXE_bench").into(),
        counted: env!("CARGO_BIN_EXE_bench-counted").into(),
        lunadefend: None,
    };
    let options = Options {
        groups: Vec::new(),
        quick: false,
        tiny: true,
        postgres: None,
        against: None,
        only: Vec::new(),
        rounds: 1,
        out: folder.path().to_owned(),
    };
    let found = run(&programs, &options, |_| ()).unwrap();
    let json = found.json(&options);
    let groups = json["groups"].as_array().unwrap();
    assert_eq!(groups.len(), GroupName::ALL.len());
    for group in groups {
        let contenders = group["contenders"].as_array().unwrap();
        let facts = group["facts"].as_array().unwrap();
        assert!(contenders.len() + facts.len() > 0, "{group}");
        for contender in contenders {
            let rounds = contender["per_second"].as_array().unwrap();
            assert_eq!(rounds.len(), 1);
            assert!(rounds[0].as_f64().unwrap() > 0.0, "{contender}");
        }
        let are_there = |id: &Value| {
            let is_id =
                |one: &&Value| one["name"] == id["name"] && one["in_flight"] == id["in_flight"];
            contenders.iter().any(|one| is_id(&one))
        };
        for ratio in group["ratios"].as_array().unwrap() {
            assert!(
                are_there(&ratio["of"]) && are_there(&ratio["to"]),
                "{ratio}"
            );
        }
    }
    let markdown = found.markdown();
    assert!(markdown.starts_with("## sdk") && markdown.contains("| ratio "));
}
