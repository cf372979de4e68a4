//! What the users of a crate do not compile: read from `cargo tree`, which knows what features bring.

use super::matches_any;
use crate::{
    command::{self, cargo},
    workspace::Workspace,
};
use anyhow::Result;

/// With all features (core: with none), the first but the second bring along none of the third, directly or through others.
const WITHOUT: &[(&[&str], &[&str], &[&str])] = &[
    (&["*"], MAY_HAVE_AWS, &["aws-*"]),
    (CORE, &[], &["tokio", "async-std", "smol", "mio", "hyper*"]),
    (CORE, &[], &["axum*", "actix-*", "warp"]),
    (CORE, &[], CLIENTS_AND_CRYPTO),
    (ADAPTERS, &[], CLIENTS_AND_CRYPTO),
    // Each adapter has its own framework alone.
    (ADAPTERS, &["lunadefend-actix"], &["actix-*"]),
    (ADAPTERS, &["lunadefend-axum"], &["axum*"]),
    (ADAPTERS, &["lunadefend-graphql"], &["async-graphql*"]),
    (ADAPTERS, &["lunadefend-warp"], &["warp"]),
    // Who implements a store compiles no server and no other store.
    (&["lunadefend-vault*"], VAULT_ON_AWS, &["hyper*"]),
    (&["lunadefend-vault*"], &[], &["axum*"]),
    (
        &["lunadefend-audit"],
        &[],
        &["axum*", "hyper*", "redb", "rustls"],
    ),
    (VAULTS, POSTGRES, &["sqlx*"]),
    (VAULTS, SERVERS, &["rustls"]),
    (VAULTS, &["lunadefend-vault-redb"], &["redb"]),
    (&["lunadefend"], &[], &["redb"]),
];
const CORE: &[&str] = &["lunadefend-core"];
const ADAPTERS: &[&str] = &[
    "lunadefend-actix",
    "lunadefend-axum",
    "lunadefend-graphql",
    "lunadefend-warp",
];
const VAULTS: &[&str] = &["lunadefend-vault*"];
const POSTGRES: &[&str] = &["lunadefend-vault-postgres"];
const VAULT_ON_AWS: &[&str] = &["lunadefend-vault-aws"];
const SERVERS: &[&str] = &["lunadefend-vault-aws", "lunadefend-vault-postgres"];
/// By a feature, or always.
const MAY_HAVE_AWS: &[&str] = &[
    "lunadefend",
    "lunadefend-cli",
    "lunadefend-testing",
    "lunadefend-aws",
    "lunadefend-*-aws",
];
const CLIENTS_AND_CRYPTO: &[&str] = &["reqwest", "ureq", "rustls", "ring", "aws-*", "redb"];

/// What a user compiles who asks for no feature, and what is not there.
const DEFAULT_USER: &[&str] = &["lunadefend", "lunadefend-axum"];
const NOT_FOR_DEFAULT_USER: &[&str] = &[
    "aws-*",
    "lunadefend-aws",
    "lunadefend-*-aws",
    "sqlx*",
    // With the older syn that it needs, it is a twelfth of such a user's build; only tokenizers read key sets.
    "jsonwebtoken",
    // A third of all crates that such a user compiled: two features, and a parser for hosts beyond ASCII.
    "h2",
    "idna*",
    "icu_*",
    // A layer on hyper's client, which costs each call a quarter more instructions.
    "reqwest",
];

/// A line for each crate that must not be compiled.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for member in workspace.published() {
        // The features of core are the frameworks themselves: its own weight is that without them.
        let features = match CORE.contains(&member.name.as_str()) {
            true => "--no-default-features",
            false => "--all-features",
        };
        let compiled = compiled(workspace, &["-p", &member.name, features], "normal")?;
        broken.extend(wrong(&member.name, &compiled));
    }
    let selection: Vec<_> = DEFAULT_USER.iter().flat_map(|name| ["-p", name]).collect();
    let compiled = compiled(workspace, &selection, "normal,build")?;
    broken.extend(found("a default user", NOT_FOR_DEFAULT_USER, &compiled));
    Ok(broken)
}

/// The names of all crates that are compiled for a selection of packages and features.
fn compiled(workspace: &Workspace, selection: &[&str], edges: &str) -> Result<Vec<String>> {
    let mut tree = cargo(workspace.root());
    tree.args(["tree", "--locked", "--prefix", "none", "--format", "{p}"])
        .args(["--edges", edges])
        .args(selection);
    let printed = command::output(&mut tree)?;
    let names = printed.lines().filter_map(|line| line.split(' ').next());
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn wrong(name: &str, compiled: &[String]) -> Vec<String> {
    WITHOUT
        .iter()
        .filter(|(crates, but, _)| matches_any(crates, name) && !matches_any(but, name))
        .flat_map(|(.., none_of)| found(&format!("`{name}`"), none_of, compiled))
        .collect()
}

fn found(user: &str, none_of: &[&str], compiled: &[String]) -> Vec<String> {
    let found = compiled.iter().filter(|name| matches_any(none_of, name));
    found
        .map(|name| format!("{user} must not compile `{name}`: `cargo tree -i {name}` says why"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_finds_what_breaks_it() {
        for (name, bad) in [
            ("lunadefend-core", "tokio"),
            ("lunadefend-core", "hyper-util"),
            ("lunadefend-core", "actix-web"),
            ("lunadefend-core", "ring"),
            ("lunadefend-client", "aws-config"),
            ("lunadefend-actix", "axum-core"),
            ("lunadefend-actix", "rustls"),
            ("lunadefend-axum", "actix-http"),
            ("lunadefend-axum", "reqwest"),
            ("lunadefend-graphql", "warp"),
            ("lunadefend-warp", "async-graphql"),
            ("lunadefend-vault", "axum"),
            ("lunadefend-vault-redb", "hyper"),
            ("lunadefend-vault-aws", "redb"),
            ("lunadefend-vault-aws", "sqlx-core"),
            ("lunadefend-vault-redb", "sqlx-core"),
            ("lunadefend-vault-postgres", "redb"),
            ("lunadefend", "redb"),
        ] {
            let found = wrong(name, &["bytes".to_owned(), bad.to_owned()]);
            assert_eq!(found.len(), 1, "{name} with {bad}: {found:?}");
            assert!(found[0].contains(&format!("`{bad}`")), "{found:?}");
        }
        for (name, good) in [
            ("lunadefend-actix", "actix-web"),
            ("lunadefend-axum", "axum"),
            ("lunadefend-graphql", "async-graphql"),
            ("lunadefend-warp", "warp"),
            ("lunadefend-secrets-aws", "aws-config"),
            ("lunadefend-tokenizer", "axum"),
            ("lunadefend-vault-redb", "redb"),
            ("lunadefend-vault-postgres", "sqlx-postgres"),
            ("lunadefend-vault-aws", "hyper"),
        ] {
            let found = wrong(name, &[good.to_owned()]);
            assert!(found.is_empty(), "{name} with {good}: {found:?}");
        }
    }

    #[test]
    fn the_default_user_has_no_aws_and_no_postgres() {
        let compiled = ["aws-config", "lunadefend-secrets-aws", "ring", "sqlx-core"];
        let compiled = compiled.map(str::to_owned);
        let found = found("a default user", NOT_FOR_DEFAULT_USER, &compiled);
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
