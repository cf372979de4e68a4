//! `ops/alerts.yaml` against the metrics that exist, and the pages that say what to do.

use serde::Deserialize;
use std::collections::BTreeSet;

const ALERTS: &str = include_str!("../../ops/alerts.yaml");
/// A test of the tokenizer holds it to the code.
const METRICS: &str = include_str!("../../docs/metrics.md");
const RUNBOOK: &str = include_str!("../../docs/runbook.md");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(rename = "name")]
    _name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    #[serde(rename = "for")]
    _lasts: Option<String>,
    #[serde(rename = "labels")]
    _labels: Labels,
    annotations: Annotations,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    #[serde(rename = "severity")]
    _severity: Severity,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Page,
    Ticket,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotations {
    #[serde(rename = "summary")]
    _summary: String,
    runbook: String,
}

/// A series of the documentation: its name in queries, and its labels.
fn documented() -> Vec<(String, BTreeSet<String>)> {
    let rows = METRICS
        .lines()
        .filter(|row| row.starts_with("| `lunadefend_"));
    rows.flat_map(|row| {
        let cells: Vec<_> = row
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect();
        let mut labels: BTreeSet<_> = cells[3].split_whitespace().map(str::to_owned).collect();
        let suffixes: &[&str] = match &*cells[2] {
            "histogram" => {
                labels.insert("le".to_owned());
                &["_bucket", "_sum", "_count"]
            }
            "info" => &["_info"],
            _ => &[""],
        };
        let series = |suffix| (format!("{}{suffix}", cells[1]), labels.clone());
        suffixes.iter().map(series).collect::<Vec<_>>()
    })
    .collect()
}

/// The series of an expression: each name, and the labels in its braces.
fn used(expression: &str) -> Vec<(&str, Vec<&str>)> {
    let starts = expression.match_indices("lunadefend_").map(|(at, _)| at);
    starts
        .map(|at| {
            let rest = &expression[at..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
            let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
            let labels = labels.map_or("", |(labels, _)| labels).split(',');
            let names = labels.filter_map(|label| label.split(['=', '!']).next());
            (name, names.filter(|name| !name.is_empty()).collect())
        })
        .collect()
}

/// The anchors of the headings of a page, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let anchor = |heading: &str| {
        heading
            .to_lowercase()
            .replace(' ', "-")
            .replace(['\'', ','], "")
    };
    headings.map(anchor).collect()
}

/// What is wrong with a file of rules.
fn problems(yaml: &str) -> Vec<String> {
    let rules: Rules = match serde_saphyr::from_str(yaml) {
        Ok(rules) => rules,
        Err(error) => return vec![error.to_string()],
    };
    let (documented, pages) = (documented(), anchors(RUNBOOK));
    let mut names = BTreeSet::new();
    let mut problems = Vec::new();
    for rule in rules.groups.iter().flat_map(|group| &group.rules) {
        let mut problem = |what: String| problems.push(format!("{}: {what}", rule.alert));
        if !names.insert(&rule.alert) {
            problem("is there twice".to_owned());
        }
        let page = rule.annotations.runbook.strip_prefix("docs/runbook.md#");
        if !page.is_some_and(|page| pages.contains(page)) {
            problem("has no page in the runbook".to_owned());
        }
        for (series, labels) in used(&rule.expr) {
            match documented.iter().find(|(name, _)| name == series) {
                None => problem(format!("there is no {series}")),
                Some((_, known)) => {
                    for label in labels.iter().filter(|label| !known.contains(**label)) {
                        problem(format!("{series} has no label {label}"));
                    }
                }
            }
        }
    }
    problems
}

#[test]
fn alerts_look_at_metrics_that_exist_and_lead_to_a_page() {
    assert_eq!(problems(ALERTS), Vec::<String>::new());
}

#[test]
fn a_wrong_alert_is_found() {
    for (from, to, found) in [
        (
            "lunadefend_store_works ==",
            "lunadefend_store_work ==",
            "there is no lunadefend_store_work",
        ),
        (
            "{route!=",
            "{path!=",
            "lunadefend_requests_total has no label path",
        ),
        (
            "docs/runbook.md#it-is-slow",
            "docs/other.md",
            "has no page in the runbook",
        ),
        ("severity: page", "severity: maybe", "maybe"),
        (
            "LunaDefendStoreFull",
            "LunaDefendStoreFails",
            "is there twice",
        ),
    ] {
        let wrong = ALERTS.replacen(from, to, 1);
        assert_ne!(wrong, ALERTS, "{from}");
        let problems = problems(&wrong);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(found), "{problems:?}");
    }
}
