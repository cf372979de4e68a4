//! Puts ES modules together into one.
//!
//! They keep to a part of the language that makes this a matter of lines: an import is of names of another
//! module of the list, by its own lines; what is exported is declared there; a comment has its own lines.
//! Top-level names are of all modules together; `cargo xtask check scripts` parses the outcome, which
//! finds one that is there twice.

/// Joins modules, each after those that it needs.
pub(crate) fn join(modules: &[(&str, &str)]) -> String {
    let mut script = String::new();
    for (_, source) in modules {
        let mut skipped: Option<&str> = None;
        for line in source.lines() {
            let text = line.trim();
            if let Some(end) = skipped {
                if text.ends_with(end) {
                    skipped = None;
                }
                continue;
            }
            skipped = match text {
                // A type before an expression is followed by it.
                _ if text.starts_with("/*") && (!text.contains("*/") || text.ends_with("*/")) => {
                    (!text.contains("*/")).then_some("*/")
                }
                _ if text.starts_with("import ") => (!text.ends_with(';')).then_some(";"),
                _ if text.is_empty() || text.starts_with("//") => None,
                _ => {
                    script.push_str(line.strip_prefix("export ").unwrap_or(line));
                    script.push('\n');
                    None
                }
            };
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_exports_and_comments_go() {
        let first = "/** One. */\nexport const A = 1;\n\n/**\n * Two.\n */\nexport function b() {\n  // Why.\n  return \"//\";\n}\n";
        let second = "import { A } from \"./first.js\";\nimport {\n  b,\n} from \"./first.js\";\n\n/* A\n   comment. */\n/** @type {any} */ (b)(A);\n";
        assert_eq!(
            join(&[("first.js", first), ("second.js", second)]),
            "const A = 1;\nfunction b() {\n  return \"//\";\n}\n/** @type {any} */ (b)(A);\n"
        );
    }
}
