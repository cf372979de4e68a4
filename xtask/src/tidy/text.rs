//! Rules for every text file of the repository.

use super::Problem;

/// Words that must not be left behind, each with what to do about it.
const LEFT_BEHIND: &[(&str, &str)] = &[
    ("TODO", "finish it, or file an issue and take the note out"),
    ("FIXME", "fix it, or file an issue and take the note out"),
    ("XXX", "say it in a sentence, or file an issue"),
];

/// Paths of one machine, which mean nothing in a clone.
const FOREIGN_PATHS: &[&str] = &["/work/", "/tmp/spec", "/tmp/target"];

pub(super) fn check(path: &str, content: &str) -> Vec<Problem> {
    // The rules themselves have to name what they look for.
    if path.starts_with("xtask/src/tidy/") {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (index, line) in content.lines().enumerate() {
        for (word, what_to_do) in LEFT_BEHIND {
            if has_word(line, word) {
                let message = format!("has a {word}: {what_to_do}");
                problems.push(Problem::new(path, index + 1, message));
            }
        }
        for foreign in FOREIGN_PATHS {
            if line.contains(foreign) {
                let message = format!("names {foreign}, which is not part of a clone");
                problems.push(Problem::new(path, index + 1, message));
            }
        }
    }
    if !content.is_empty() && !content.ends_with('\n') {
        problems.push(Problem::new(path, None, "does not end with a line end"));
    }
    problems
}

/// Whether `word` stands in the line by itself, not as part of a longer one.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(part) && !line[at + word.len()..].starts_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_left_behind() {
        let found = check(
            "crates/a/src/lib.rs",
            "//! A.\n// TODO: more\nlet x = 1; // FIXME\n",
        );
        let lines: Vec<_> = found.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(2), Some(3)]);
    }

    #[test]
    fn finds_paths_of_one_machine() {
        let found = check("README.md", "see /work/shared/x\n");
        assert_eq!(found.len(), 1);
        assert!(check("README.md", "see https://a.example/network/x\n").is_empty());
    }

    #[test]
    fn leaves_other_words_alone() {
        assert!(check("a.rs", "//! mktemp -d dir.XXXXXX, TODOS, TO DO\n").is_empty());
    }

    #[test]
    fn wants_a_line_end() {
        assert_eq!(check("a.md", "text").len(), 1);
    }
}
