//! The arrows between our crates, and who may name the crates that we wrap: read from the manifests.

use super::matches_any;
use crate::workspace::Workspace;
use cargo_metadata::{DependencyKind, Package};

/// The crates of ours that a published crate may depend on, but for its tests. The first row that fits its
/// name counts.
const ARROWS: &[(&str, &[&str])] = &[
    ("lunadefend-macros", &[]),
    ("lunadefend-crypto", &[]),
    ("lunadefend-http", &[]),
    ("lunadefend-flight", &[]),
    ("lunadefend-elements", &[CRYPTO]),
    ("lunadefend-core", &[MACROS]),
    ("lunadefend-jwt", &[CORE, CRYPTO]),
    ("lunadefend-settings", &[CORE]),
    ("lunadefend-secrets", &[CORE, FLIGHT, SETTINGS]),
    ("lunadefend-aws", &[]),
    ("lunadefend-secrets-aws", &[AWS, CORE, SECRETS, SETTINGS]),
    ("lunadefend-secrets-*", &[CORE, SECRETS, SETTINGS]),
    // An adapter has its framework and core, and no client.
    ("lunadefend-actix", &[CORE, MACROS]),
    ("lunadefend-axum", &[CORE, MACROS]),
    ("lunadefend-graphql", &[CORE, MACROS]),
    ("lunadefend-warp", &[CORE, MACROS]),
    // The client and the tokenizer share only what the format needs.
    (
        "lunadefend-client",
        &[CORE, CRYPTO, FLIGHT, HTTP, JWT, SECRETS, SETTINGS],
    ),
    ("lunadefend-audit", &[CORE, CRYPTO]),
    ("lunadefend-vault", &[CORE, CRYPTO]),
    ("lunadefend-vault-aws", &[AWS, CORE, CRYPTO, VAULT]),
    ("lunadefend-vault-*", &[CORE, CRYPTO, VAULT]),
    (
        "lunadefend-tokenizer",
        &[AUDIT, CORE, CRYPTO, ELEMENTS, HTTP, JWT, FLIGHT, VAULT],
    ),
    // An application that uses the facade compiles no tokenizer.
    (
        "lunadefend",
        &[
            CORE,
            CRYPTO,
            ELEMENTS,
            HTTP,
            JWT,
            MACROS,
            SECRETS,
            SETTINGS,
            "lunadefend-actix",
            "lunadefend-axum",
            "lunadefend-client",
            "lunadefend-graphql",
            "lunadefend-secrets-*",
            "lunadefend-warp",
        ],
    ),
    // A program and tests: no library has an arrow to them.
    (
        "lunadefend-cli",
        &[
            AUDIT,
            CORE,
            CRYPTO,
            ELEMENTS,
            HTTP,
            JWT,
            SECRETS,
            SETTINGS,
            "lunadefend",
            "lunadefend-tokenizer",
            "lunadefend-vault*",
        ],
    ),
    ("lunadefend-testing", &["lunadefend*"]),
];
const AUDIT: &str = "lunadefend-audit";
const AWS: &str = "lunadefend-aws";
const CORE: &str = "lunadefend-core";
const CRYPTO: &str = "lunadefend-crypto";
const ELEMENTS: &str = "lunadefend-elements";
const HTTP: &str = "lunadefend-http";
const JWT: &str = "lunadefend-jwt";
const MACROS: &str = "lunadefend-macros";
const FLIGHT: &str = "lunadefend-flight";
const SECRETS: &str = "lunadefend-secrets";
const SETTINGS: &str = "lunadefend-settings";
const VAULT: &str = "lunadefend-vault";

/// Of our published crates, and but for their tests, only the second name the first.
const NAMED_BY: &[(&str, &[&str])] = &[
    ("aws-*", &[AWS, "lunadefend-*-aws"]),
    ("crypto-primes", &[CRYPTO]),
    // How networks are written stays out of public APIs.
    ("ipnet", &["lunadefend-tokenizer"]),
    ("prometheus-client", &["lunadefend-tokenizer"]),
    ("redb", &["lunadefend-vault-redb"]),
    // Whoever sends requests has the limits of `lunadefend-http`, which does it by hyper.
    ("reqwest", &[]),
    ("ring", &[CRYPTO]),
    ("schemars", &[CORE, "lunadefend-tokenizer"]),
    // Its types are for the rows of applications too.
    ("sqlx", &["lunadefend", CORE, "lunadefend-vault-postgres"]),
];

/// A line for each dependency that must not be.
pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let members = workspace.members();
    let ours: Vec<&str> = members.iter().map(|one| one.name.as_str()).collect();
    workspace
        .published()
        .flat_map(|member| wrong(&member.name, &dependencies(member), &ours))
        .collect()
}

/// What a crate depends on with any of its features, on any system, but for its tests.
fn dependencies(member: &Package) -> Vec<&str> {
    let all = member.dependencies.iter();
    all.filter(|one| one.kind != DependencyKind::Development)
        .map(|one| one.name.as_str())
        .collect()
}

fn wrong(name: &str, dependencies: &[&str], ours: &[&str]) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(row, _)| matches_any(&[row], name)) else {
        return vec![format!(
            "`{name}` has no row in xtask/src/deps/arrows.rs: say there what it may depend on"
        )];
    };
    let is_wrong = |one: &str| {
        let is_others =
            |(what, by): &(&str, &[&str])| matches_any(&[*what], one) && !matches_any(by, name);
        (ours.contains(&one) && !matches_any(allowed, one)) || NAMED_BY.iter().any(is_others)
    };
    let wrong = dependencies.iter().filter(|one| is_wrong(one));
    wrong
        .map(|one| format!("`{name}` must not depend on `{one}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_wrong(name: &str, dependency: &str) -> bool {
        let ours = [
            "app-common",
            "lunadefend",
            "lunadefend-axum",
            "lunadefend-client",
            "lunadefend-core",
            "lunadefend-crypto",
            "lunadefend-testing",
            "lunadefend-tokenizer",
            "lunadefend-vault",
            "lunadefend-vault-redb",
        ];
        !wrong(name, &[dependency], &ours).is_empty()
    }

    #[test]
    fn arrows_point_one_way() {
        for (name, dependency) in [
            ("lunadefend-core", "lunadefend-crypto"),
            ("lunadefend-crypto", "lunadefend-core"),
            ("lunadefend-jwt", "lunadefend-client"),
            ("lunadefend-secrets", "lunadefend-crypto"),
            ("lunadefend-actix", "lunadefend-axum"),
            ("lunadefend-axum", "lunadefend-client"),
            ("lunadefend-graphql", "lunadefend"),
            ("lunadefend-client", "lunadefend-tokenizer"),
            ("lunadefend-tokenizer", "lunadefend-client"),
            ("lunadefend-tokenizer", "lunadefend-vault-redb"),
            ("lunadefend-vault", "lunadefend-tokenizer"),
            ("lunadefend-vault-s3", "lunadefend-vault-redb"),
            ("lunadefend", "lunadefend-tokenizer"),
            ("lunadefend", "lunadefend-testing"),
            ("lunadefend-cli", "lunadefend-testing"),
            ("lunadefend-cli", "app-common"),
            ("lunadefend-new", "bytes"),
        ] {
            assert!(is_wrong(name, dependency), "{name} -> {dependency}");
        }
        for (name, dependency) in [
            ("lunadefend-axum", "lunadefend-core"),
            ("lunadefend-axum", "axum"),
            ("lunadefend-vault-s3", "lunadefend-vault"),
            ("lunadefend-cli", "lunadefend-vault-redb"),
            ("lunadefend-testing", "lunadefend-tokenizer"),
        ] {
            assert!(!is_wrong(name, dependency), "{name} -> {dependency}");
        }
    }

    #[test]
    fn what_we_wrap_is_named_by_its_wrapper() {
        for (name, dependency) in [
            ("lunadefend-client", "reqwest"),
            ("lunadefend-jwt", "ring"),
            ("lunadefend-secrets", "aws-config"),
            ("lunadefend-vault", "redb"),
        ] {
            assert!(is_wrong(name, dependency), "{name} -> {dependency}");
        }
        assert!(!is_wrong("lunadefend-secrets-aws", "aws-config"));
        assert!(is_wrong("lunadefend-http", "reqwest"));
    }
}
