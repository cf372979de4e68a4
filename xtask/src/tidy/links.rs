//! Links of Markdown files: they lead to files of this repository that exist, also on docs.rs.

use super::Problem;
use std::path::Path;

/// Where the repository's files are for a reader who has no clone.
const REPOSITORY: &str = "https://github.com/lunadefend/lunadefend-rust/blob/main/";

pub(super) fn check(root: &Path, path: &str, content: &str) -> Vec<Problem> {
    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
    let mut problems = Vec::new();
    for (index, line) in content.lines().enumerate() {
        for target in targets(line) {
            let target = target.split('#').next().unwrap_or_default();
            let message = if let Some(file) = target.strip_prefix(REPOSITORY) {
                (!root.join(file).exists())
                    .then(|| format!("links to {file}, which does not exist"))
            } else if target.contains("://") || target.contains("::") || !target.contains('.') {
                // Other sites, items of rustdoc, places in the same file.
                None
            } else if !root.join(folder).join(target).exists() {
                Some(format!("links to {target}, which does not exist"))
            } else if is_packaged(path) {
                Some(format!(
                    "links to {target}: on docs.rs only {REPOSITORY}.. leads there"
                ))
            } else {
                None
            };
            problems.extend(message.map(|text| Problem::new(path, index + 1, text)));
        }
    }
    problems
}

/// Whether docs.rs shows it: the page of a crate, or a guide.
fn is_packaged(path: &str) -> bool {
    path.starts_with("docs/") || path.starts_with("crates/")
}

/// What the links of a line lead to.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        rest.split_once(')').map(|(target, _)| target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, content: &str) -> usize {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        check(&root, path, content).len()
    }

    #[test]
    fn a_link_leads_to_a_file_and_a_page_on_docs_rs_names_the_repository() {
        assert_eq!(found("README.md", "[a](docs/errors.md#x) [b](#here)"), 0);
        assert_eq!(found("README.md", "[a](docs/none.md)"), 1);
        assert_eq!(found("docs/errors.md", "[a](secrets.md)"), 1);
        let there = format!("[a]({REPOSITORY}docs/secrets.md#chains)");
        assert_eq!(found("docs/errors.md", &there), 0);
        let nowhere = format!("[a]({REPOSITORY}docs/none.md)");
        assert_eq!(found("docs/errors.md", &nowhere), 1);
        assert_eq!(found("crates/x/README.md", "[`A`](lunadefend_core::A)"), 0);
    }
}
