//! Which build this is.

use std::sync::LazyLock;

/// The version, and the commit when whoever built the program named it in `LUNADEFEND_COMMIT`.
///
/// The build asks no git: a build of a published package has none, and the same source gives the same bytes.
pub(crate) static VERSION: LazyLock<String> =
    LazyLock::new(|| describe(env!("CARGO_PKG_VERSION"), option_env!("LUNADEFEND_COMMIT")));

fn describe(version: &str, commit: Option<&str>) -> String {
    match commit {
        Some(commit) if !commit.is_empty() => format!("{version} ({commit})"),
        _ => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn a_build_without_a_commit_names_none() {
        assert_eq!(describe("1.2.3", None), "1.2.3");
        assert_eq!(describe("1.2.3", Some("")), "1.2.3");
        assert_eq!(describe("1.2.3", Some("0a1b2c3")), "1.2.3 (0a1b2c3)");
    }
}
