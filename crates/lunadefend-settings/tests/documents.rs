//! The tables of the documentation are what the table of settings renders.
//!
//! `LUNADEFEND_WRITE_DOCS=1 cargo test -p lunadefend-settings --test documents` writes them anew.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use lunadefend_settings::{Kind, Side, help, markdown, secrets_markdown, table::SETTINGS};
use std::collections::BTreeSet;

/// Replaces or compares what is between the marks, in a file of the repository.
fn compare(file: &str, what: &str, table: &str) {
    let path = format!("{}/../../{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let start = format!("<!-- settings: {what} -->\n");
    let (before, rest) = text.split_once(&start).unwrap();
    let (found, after) = rest.split_once("<!-- end of settings -->").unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test that may write")]
    if std::env::var_os("LUNADEFEND_WRITE_DOCS").is_some() {
        let written = format!("{before}{start}{table}<!-- end of settings -->{after}");
        std::fs::write(&path, written).unwrap();
    } else {
        assert_eq!(found, table, "{file}: LUNADEFEND_WRITE_DOCS=1 writes it");
    }
}

#[test]
fn documentation_shows_the_table() {
    compare(
        "docs/settings.md",
        "application",
        &markdown(Side::Application),
    );
    compare("docs/settings.md", "tokenizer", &markdown(Side::Tokenizer));
    compare("docs/secrets.md", "secrets", &secrets_markdown());
}

#[test]
fn names_are_there_once_for_each_side() {
    for side in [Side::Application, Side::Tokenizer] {
        let mut names = BTreeSet::new();
        for setting in SETTINGS.iter().filter(|setting| setting.is_of(side)) {
            assert!(names.insert(setting.env), "{}", setting.env);
            let toml = setting.toml;
            assert!(toml.is_empty() || names.insert(toml), "{toml}");
            assert!(!setting.doc.contains('|'), "a cell of a table");
        }
    }
}

/// What the help of `lunadefend serve` says about a file.
#[test]
fn the_tokenizers_names_in_a_file_follow_from_the_variables() {
    let settings = SETTINGS.iter().filter(|s| s.is_of(Side::Tokenizer));
    for setting in settings.filter(|setting| !setting.toml.is_empty()) {
        let name = setting.env.strip_prefix("LUNADEFEND_");
        let name = name.unwrap_or(setting.env).to_ascii_lowercase();
        assert_eq!(setting.toml, name);
    }
}

#[test]
fn a_default_is_a_value_that_the_setting_may_have() {
    use lunadefend_settings::{FixedEnvironment, Settings};
    for side in [Side::Application, Side::Tokenizer] {
        let all = SETTINGS.iter().filter(|setting| setting.is_of(side));
        let defaults = all.clone().map(|setting| (setting.env, setting.default));
        let environment = FixedEnvironment::from_iter(defaults);
        let settings = Settings::from_environment(side, std::sync::Arc::new(environment)).unwrap();
        for setting in all.filter(|setting| !matches!(setting.kind, Kind::Secret(_))) {
            let shown = settings.in_force(setting).unwrap();
            let default = Some(setting.default.to_owned()).filter(|text| !text.is_empty());
            assert_eq!(shown.value, default, "{}", setting.env);
        }
    }
}

#[test]
fn help_fits_a_terminal_and_has_every_setting() {
    for side in [Side::Application, Side::Tokenizer] {
        let help = help(side);
        assert!(
            help.lines()
                .all(|line| line.len() <= 100 && line == line.trim_end())
        );
        for setting in SETTINGS.iter().filter(|setting| setting.is_of(side)) {
            assert!(help.contains(&format!("  {}", setting.env)));
        }
    }
}
