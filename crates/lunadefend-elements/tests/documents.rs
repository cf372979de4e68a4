//! `docs/elements.md` names what the scripts have, and nothing else.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use lunadefend_elements::{element_module, frame_script, frame_style};
use std::{collections::BTreeSet, fs, path::Path};

fn guide() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/elements.md");
    fs::read_to_string(path).unwrap()
}

/// What follows the first of these words in the guide, up to the next heading.
fn section<'a>(guide: &'a str, heading: &str) -> &'a str {
    let (_, after) = guide.split_once(&format!("\n{heading}\n")).unwrap();
    after.split("\n## ").next().unwrap()
}

/// Each text that stands between the two, wherever they are.
fn between<'a>(text: &'a str, before: &str, after: &str) -> BTreeSet<&'a str> {
    let found = text.split(before).skip(1);
    found
        .filter_map(|rest| rest.split_once(after))
        .map(|(name, _)| name)
        .collect()
}

/// The keys of an object that a script declares.
fn keys<'a>(script: &'a str, name: &str) -> BTreeSet<&'a str> {
    let (_, object) = script.split_once(&format!("const {name} = {{\n")).unwrap();
    let (object, _) = object.split_once("\n};").unwrap();
    // Deeper lines are those of values.
    let lines = object
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with([' ', '}', '/']));
    lines
        .filter_map(|line| Some(line.split_once(':')?.0.trim_matches('"')))
        .collect()
}

/// The first cells of a table's rows, without the row of headings.
fn names(table: &str) -> BTreeSet<&str> {
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|line| line[2..].split(" |").next().unwrap());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn failures() {
    let (page, frame) = (element_module(), frame_script());
    let mut thrown = keys(page.contents(), "PEOPLE");
    for script in [&page, &frame] {
        thrown.extend(between(script.contents(), "new Failure(\"", "\")"));
    }
    thrown.insert("unexpected");
    // Words about a field, and no failures.
    assert!(thrown.remove("open"));
    assert!(thrown.remove("secured"));
    assert_eq!(names(section(&guide(), "## Failures")), thrown);
}

#[test]
fn kinds() {
    let guide = guide();
    let (_, table) = guide.split_once("| `kind` | is valid").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    assert_eq!(names(table), keys(frame_script().contents(), "KINDS"));
}

#[test]
fn events_and_states() {
    let (page, guide) = (element_module(), guide());
    let section = section(&guide, "## Events, methods, states");
    for event in names(section.split("\n\n").next().unwrap()) {
        assert!(page.contents().contains(&format!("\"{event}\"")), "{event}");
    }
    for event in between(page.contents(), "this.tell(\"", "\"") {
        assert!(section.contains(&format!("`{event}`")), "{event}");
    }
    for state in between(section, ":state(", ")") {
        let is_set = ["states.add", "states.delete"]
            .iter()
            .any(|call| page.contents().contains(&format!("{call}(\"{state}\")")));
        let is_toggled = between(page.contents(), "internals.states[", ";")
            .iter()
            .any(|call| call.contains(&format!("(\"{state}\")")));
        assert!(is_set || is_toggled, "{state}");
    }
}

#[test]
fn words_and_styles() {
    let (page, frame, guide) = (element_module(), frame_script(), guide());
    for word in keys(frame.contents(), "WORDS") {
        assert!(guide.contains(&format!("`{word}`")), "{word}");
    }
    let (_, list) = page.contents().split_once("const STYLE = [").unwrap();
    let (list, _) = list.split_once(']').unwrap();
    let styling = section(&guide, "## Styling");
    let properties = between(list, "\n  \"", "\",");
    assert!(properties.len() > 20);
    for property in properties {
        assert!(styling.contains(&format!("`{property}`")), "{property}");
        if property.starts_with("--") {
            assert!(frame_style().contents().contains(property), "{property}");
        }
    }
}

#[test]
fn attributes() {
    let (page, guide) = (element_module(), guide());
    let (_, elements) = guide.split_once("## The elements").unwrap();
    let (elements, _) = elements.split_once("## Sending a form").unwrap();
    let mut read = BTreeSet::new();
    for list in ["FIXED", "CHANGING"] {
        let (_, list) = page
            .contents()
            .split_once(&format!("const {list} = ["))
            .unwrap();
        let (list, _) = list.split_once("];").unwrap();
        read.extend(list.split('"').skip(1).step_by(2));
    }
    assert!(read.len() > 15);
    // Those of every HTML element.
    read.retain(|name| !["class", "style"].contains(name));
    for attribute in read {
        assert!(elements.contains(&format!("`{attribute}`")), "{attribute}");
    }
}
