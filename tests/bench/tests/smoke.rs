//! The bench itself, with slices of time that measure nothing: each contender answers as it should, so that the bench does
//! not rot.

use lunadefend_bench::{GroupName, Options, Programs, run};
use std::time::Duration;

#[test]
fn each_contender_answers_and_each_ratio_is_judged_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Programs {
        bench: env!("CARGO_BIN_EXE_bench").into(),
        counted: env!("CARGO_BIN_EXE_bench-counted").into(),
        lunadefend: None,
    };
    let options = Options {
        groups: vec![GroupName::Sdk, GroupName::Tokenizer],
        quick: true,
        rounds: 1,
        slice: Some(Duration::from_millis(10)),
        out: folder.path().to_owned(),
    };
    let found = run(&programs, &options, |_| ()).unwrap();
    let json = found.json(&options);
    let groups = json["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    for group in groups {
        let contenders = group["contenders"].as_array().unwrap();
        assert!(contenders.len() > 10);
        for contender in contenders {
            let rounds = contender["per_second"].as_array().unwrap();
            assert_eq!(rounds.len(), 1);
            assert!(rounds[0].as_f64().unwrap() > 0.0, "{contender}");
            assert!(contender["allocations"][0].is_f64(), "{contender}");
        }
        for ratio in group["ratios"].as_array().unwrap() {
            // A ratio to a contender that does not exist.
            assert_ne!(ratio["verdict"], "missing", "{ratio}");
        }
    }
    let markdown = found.markdown();
    assert!(markdown.contains("## sdk") && markdown.contains("## tokenizer"));
}
