//! Rules for Rust sources: their shape, and calls that only some places may make.

use super::{Problem, text::has_word};

/// Where a file stops being about one thing; a table of tests may be longer.
const LONGEST_IN_SRC: usize = 400;
const LONGEST: usize = 600;

/// A call that only some places may make.
struct Restricted {
    /// Reads after "calls".
    what: &'static str,
    /// Whether a line of code has it.
    in_line: fn(&str) -> bool,
    /// Whether it stands also where a comment or a documentation example has it.
    in_comments: bool,
    /// Whether a file may have it.
    allowed: fn(&str) -> bool,
    /// Reads after the call.
    why: &'static str,
}

const RESTRICTED: &[Restricted] = &[
    Restricted {
        what: "assertion",
        in_line: |line| line.contains("::assertion("),
        in_comments: true,
        allowed: |path| {
            is_test(path)
                || is_in(
                    path,
                    &[
                        "crates/lunadefend-core/src/",
                        "crates/lunadefend-client/src/",
                        "crates/lunadefend-testing/src/",
                    ],
                )
        },
        why: "only the core, the client and tests vouch for a token without a verdict",
    },
    Restricted {
        what: "install_default",
        in_line: |line| has_word(line, "install_default"),
        in_comments: false,
        // Programs that do what the README tells applications.
        allowed: |path| {
            path == "crates/lunadefend-http/tests/other_clients.rs"
                || path == "tests/browser/src/browser.rs"
        },
        why: "a process default belongs to the application; pass the provider explicitly",
    },
    Restricted {
        what: "set_var or remove_var",
        in_line: |line| has_word(line, "set_var") || has_word(line, "remove_var"),
        in_comments: false,
        allowed: |_| false,
        why: "it changes the whole process; inject an Environment",
    },
    Restricted {
        what: "std::env",
        in_line: reads_environment,
        in_comments: false,
        allowed: |path| {
            is_test(path) || is_binary(path) || is_in(path, &["crates/lunadefend-secrets"])
        },
        why: "only the secret providers and the binaries read the environment",
    },
];

pub(super) fn check(path: &str, content: &str) -> Vec<Problem> {
    let mut problems = shape(path, content);
    // The rules themselves have to name what they look for.
    if !path.starts_with("xtask/src/tidy/") {
        problems.extend(calls(path, content));
    }
    problems
}

fn shape(path: &str, content: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let lines = content.lines().count();
    let longest = match path.contains("/src/") {
        true => LONGEST_IN_SRC,
        false => LONGEST,
    };
    if lines > longest {
        let message = format!("has {lines} lines, more than {longest}: split it by concept");
        problems.push(Problem::new(path, None, message));
    }
    if !is_test(path) && !is_documented(content) {
        let message = "must begin with a module doc (`//!`) that says what it is about";
        problems.push(Problem::new(path, None, message));
    }
    problems.extend(foreign_modules(path, content));
    if path.ends_with("/mod.rs") && path.contains("/src/") {
        let message = "`foo.rs` beside `foo/` is how modules are laid out here";
        problems.push(Problem::new(path, None, message));
    }
    problems
}

/// Modules by `#[path]` that are files of another package: what is shared is a crate.
fn foreign_modules(path: &str, content: &str) -> Vec<Problem> {
    let package = package(path);
    let mut problems = Vec::new();
    for (number, line) in (1..).zip(content.lines()) {
        let file = line.trim_start().strip_prefix("#[path = \"");
        let Some((file, _)) = file.and_then(|rest| rest.split_once('"')) else {
            continue;
        };
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        for part in file.split('/') {
            if part == ".." {
                parts.pop();
            } else if part != "." {
                parts.push(part);
            }
        }
        if !parts.starts_with(&package) {
            let message = format!("takes {file} from another package: what is shared is a crate");
            problems.push(Problem::new(path, number, message));
        }
    }
    problems
}

/// The directory of the package that a file is part of.
fn package(path: &str) -> Vec<&str> {
    let depth = if is_in(path, &["crates/", "examples/"]) {
        2
    } else {
        1
    };
    path.split('/').take(depth).collect()
}

fn calls(path: &str, content: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, line) in production_lines(content) {
        let comment = line.trim_start().starts_with("//");
        for one in RESTRICTED {
            if (!comment || one.in_comments) && (one.in_line)(line) && !(one.allowed)(path) {
                let message = format!("calls {}: {}", one.what, one.why);
                problems.push(Problem::new(path, number, message));
            }
        }
    }
    problems
}

/// The numbered lines above the tests at the bottom of a file.
pub(super) fn production_lines(content: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines: Vec<&str> = content.lines().collect();
    let end = (0..lines.len()).find(|&at| {
        lines[at] == "#[cfg(test)]"
            && lines[at + 1..]
                .iter()
                .find(|line| !line.starts_with("#["))
                .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    });
    let end = end.unwrap_or(lines.len());
    (1..).zip(lines).take(end)
}

fn is_documented(content: &str) -> bool {
    let mut in_attribute = false;
    for line in content.lines().map(str::trim) {
        if line.starts_with("//!") || line.starts_with("#![doc") {
            return true;
        }
        if line.starts_with("#![") || in_attribute {
            in_attribute = !line.ends_with(']');
        } else if !line.is_empty() && !line.starts_with("//") {
            return false;
        }
    }
    false
}

fn reads_environment(line: &str) -> bool {
    let before_env = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    line.contains("std::env")
        || line.match_indices("env::").any(|(at, _)| before_env(at))
        || (line.contains("use std::{") && has_word(line, "env"))
}

/// Whether a file holds nothing but tests.
fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Whether a file is part of a program rather than of a library.
fn is_binary(path: &str) -> bool {
    is_in(path, &["xtask/", "examples/", "crates/lunadefend-cli/"])
        || path.contains("/src/bin/")
        || path.ends_with("/src/main.rs")
        || path.ends_with("/build.rs")
}

fn is_in(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, code: &str) -> usize {
        calls(path, code).len()
    }

    #[test]
    fn assertion_has_its_places() {
        let code = "fn f() { VerifiedToken::assertion(id) }\n";
        assert_eq!(found("crates/lunadefend-axum/src/extract.rs", code), 1);
        assert_eq!(found("crates/lunadefend-tokenizer/src/lib.rs", code), 1);
        assert_eq!(found("examples/quickstart/src/main.rs", code), 1);
        for path in [
            "crates/lunadefend-core/src/trust.rs",
            "crates/lunadefend-client/src/tokenizer.rs",
            "crates/lunadefend-testing/src/values.rs",
            "crates/lunadefend-axum/tests/http.rs",
            "crates/lunadefend-axum/src/extract/tests.rs",
            "examples/quickstart/tests/app.rs",
            "tests/src/lib.rs",
        ] {
            assert_eq!(found(path, code), 0, "{path}");
        }
    }

    #[test]
    fn examples_in_documentation_are_read_too() {
        let code = "/// let stored = VerifiedToken::assertion(id)?;\n";
        assert_eq!(found("crates/lunadefend-axum/src/lib.rs", code), 1);
    }

    #[test]
    fn tests_at_the_bottom_are_tests() {
        let code = "fn f() {}\n#[cfg(test)]\nmod tests {\n    VerifiedToken::assertion(id);\n}\n";
        assert_eq!(found("crates/lunadefend-axum/src/lib.rs", code), 0);
        let code = "#[cfg(test)]\nmod tests;\nfn f() { VerifiedToken::assertion(id) }\n";
        assert_eq!(found("crates/lunadefend-axum/src/lib.rs", code), 1);
    }

    #[test]
    fn the_environment_has_its_readers() {
        for code in [
            "let x = std::env::var(\"X\");\n",
            "use std::env;\n",
            "use std::{env, fmt};\n",
            "let x = env::var_os(\"X\");\n",
        ] {
            assert_eq!(
                found("crates/lunadefend-client/src/lib.rs", code),
                1,
                "{code}"
            );
            assert_eq!(
                found("crates/lunadefend-secrets/src/environment.rs", code),
                0
            );
            assert_eq!(found("crates/lunadefend-cli/src/main.rs", code), 0);
            assert_eq!(found("examples/quickstart/src/main.rs", code), 0);
        }
        for code in [
            "let x = env!(\"CARGO_PKG_NAME\");\n",
            "// not from std::env\n",
            "use crate::my_env::Thing;\n",
            "use std::{fmt, sync::Arc};\n",
        ] {
            assert_eq!(
                found("crates/lunadefend-client/src/lib.rs", code),
                0,
                "{code}"
            );
        }
    }

    #[test]
    fn process_state_is_nobodys() {
        for code in [
            "provider.install_default();\n",
            "unsafe { std::env::set_var(\"A\", \"b\") }\n",
        ] {
            assert_eq!(
                found("crates/lunadefend-cli/src/main.rs", code),
                1,
                "{code}"
            );
        }
        assert_eq!(found("xtask/src/main.rs", "fn reset_var() {}\n"), 0);
    }

    #[test]
    fn files_begin_with_what_they_are_about() {
        let good = [
            "//! A module.\n",
            "#![doc = include_str!(\"../README.md\")]\n",
            "#![cfg_attr(\n    docsrs,\n    feature(doc_cfg)\n)]\n//! A module.\n",
            "// A licence.\n\n//! A module.\n",
        ];
        for content in good {
            assert!(is_documented(content), "{content}");
        }
        for content in ["", "use std::fmt;\n//! late\n", "/// An item.\nstruct S;\n"] {
            assert!(!is_documented(content), "{content}");
        }
        assert!(shape("crates/a/src/b/tests.rs", "use super::*;\n").is_empty());
    }

    #[test]
    fn modules_are_files_of_their_own_package() {
        let found = |path: &str, file: &str| {
            let content = format!("//! A.\n#[path = \"{file}\"]\nmod a;\n");
            foreign_modules(path, &content).len()
        };
        assert_eq!(found("crates/a/tests/it.rs", "it/server.rs"), 0);
        assert_eq!(found("crates/a/tests/it.rs", "../src/x.rs"), 0);
        assert_eq!(found("crates/a/tests/it.rs", "../../b/tests/x.rs"), 1);
        assert_eq!(found("examples/a/src/main.rs", "../../../tests/x.rs"), 1);
        assert_eq!(found("tests/tests/it.rs", "../src/x.rs"), 0);
        assert_eq!(found("tests/tests/it.rs", "../../crates/a/x.rs"), 1);
    }

    #[test]
    fn files_are_short_and_not_called_mod() {
        for (path, longest) in [
            ("crates/a/src/b.rs", LONGEST_IN_SRC),
            ("crates/a/tests/b.rs", LONGEST),
        ] {
            let long = format!("//! Long.\n{}", "\n".repeat(longest));
            assert_eq!(shape(path, &long).len(), 1, "{path}");
            assert!(shape(path, &long[..long.len() - 1]).is_empty(), "{path}");
        }
        assert_eq!(shape("crates/a/src/b/mod.rs", "//! B.\n").len(), 1);
        assert!(shape("crates/a/tests/common/mod.rs", "//! B.\n").is_empty());
    }
}
