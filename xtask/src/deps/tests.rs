use super::{
    rules::{Except, INVARIANTS, Rule, Scope},
    tree::{Tree, matches_any, name_of},
};

/// As cargo prints it: two roots, a package met twice, one of ours, a proc-macro, one in two versions.
const TREE: &str = "\
0lunadefend v0.1.0 (/src/crates/lunadefend)
1lunadefend-client v0.1.0 (/src/crates/lunadefend-client)
2lunadefend-crypto v0.1.0 (/src/crates/lunadefend-crypto)
3ring v0.17.14
2rustls v0.23.46
3ring v0.17.14 (*)
2openssl-probe v0.2.2
1lunadefend-macros v0.1.0 (proc-macro) (/src/crates/lunadefend-macros)
2syn v3.0.10
1serde_derive v1.0.229 (proc-macro)
2syn v2.0.119

0lunadefend-axum v0.1.0 (/src/crates/lunadefend-axum)
1axum v0.8.9
1lunadefend-core v0.1.0 (/src/crates/lunadefend-core)
";

fn tree(text: &str) -> Tree {
    Tree::parse(text).unwrap()
}

#[test]
fn reads_the_edges() {
    let tree = tree(TREE);
    let direct: Vec<_> = tree.direct("lunadefend-client v0.1.0").collect();
    assert_eq!(
        direct,
        [
            "lunadefend-crypto v0.1.0",
            "openssl-probe v0.2.2",
            "rustls v0.23.46"
        ]
    );
    assert_eq!(
        tree.direct("axum v0.8.9").count(),
        0,
        "the next root is no part of it"
    );
    assert!(tree.is_root("lunadefend-axum v0.1.0"));
    assert!(!tree.is_root("lunadefend-core v0.1.0"));
    assert!(tree.is_own("lunadefend-macros v0.1.0"));
    assert!(!tree.is_own("serde_derive v1.0.229"));
    assert!(!tree.is_own("ring v0.17.14"));
}

#[test]
fn refuses_lines_it_does_not_understand() {
    for text in [
        "lunadefend v0.1.0",
        "0",
        "0lunadefend",
        "1lunadefend v0.1.0",
        "0a v1.0.0\n2b v1.0.0",
    ] {
        assert!(Tree::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn matches_patterns() {
    assert!(matches_any(&["rsa"], "rsa"));
    assert!(!matches_any(&["rsa"], "rsa-pss"));
    assert!(matches_any(&["x", "aws-*"], "aws-lc-rs"));
    assert!(!matches_any(&["aws-*"], "laws-x"));
    assert!(matches_any(&["lunadefend-*-aws"], "lunadefend-secrets-aws"));
    assert!(!matches_any(&["lunadefend-*-aws"], "lunadefend-aws"));
    assert!(matches_any(&["*"], "anything"));
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let tree = tree(TREE);
    let found = |rule: Rule| rule.violations(&tree);

    assert_eq!(
        found(Rule::ReachesOwn(&["lunadefend-client", "lunadefend-core"])),
        [
            "lunadefend v0.1.0 -> lunadefend-client v0.1.0 -> lunadefend-crypto v0.1.0",
            "lunadefend v0.1.0 -> lunadefend-macros v0.1.0"
        ]
    );
    assert_eq!(
        found(Rule::Never(&["openssl*", "rustls"], Except(&[]))),
        [
            "lunadefend v0.1.0 -> lunadefend-client v0.1.0 -> openssl-probe v0.2.2",
            "lunadefend v0.1.0 -> lunadefend-client v0.1.0 -> rustls v0.23.46"
        ]
    );
    assert!(found(Rule::Never(&["openssl*"], Except(&["openssl-probe"]))).is_empty());
    assert_eq!(
        found(Rule::OnlyThrough(&["ring"], &["lunadefend-crypto"])),
        ["lunadefend v0.1.0 -> lunadefend-client v0.1.0 -> rustls v0.23.46 -> ring v0.17.14"]
    );
    assert!(found(Rule::OnlyThrough(&["ring"], &["lunadefend-client"])).is_empty());
    assert!(found(Rule::OnlyThrough(&["axum"], &["lunadefend-axum"])).is_empty());
    assert_eq!(
        found(Rule::NamedOnlyBy(&["ring"], &["lunadefend-core"])),
        ["lunadefend-crypto v0.1.0 -> ring v0.17.14"],
        "rustls may name it, being none of ours"
    );
    assert!(found(Rule::NamedOnlyBy(&["ring"], &["lunadefend-crypto"])).is_empty());
    assert!(found(Rule::ExactlyOne(&["ring", "rustls"])).is_empty());
    assert_eq!(
        found(Rule::ExactlyOne(&["syn", "tokio"])),
        ["syn v2.0.119, syn v3.0.10", "tokio is not there at all"]
    );
}

/// The real invariants against a tree that breaks each promise to a default user.
#[test]
fn the_default_tree_is_guarded() {
    for bad in [
        "aws-lc-rs v1.19.0",
        "aws-config v1.9.0",
        "openssl-sys v0.9.110",
        "native-tls v0.2.14",
        "rsa v0.9.8",
        "rustls v0.24.0",
        "ring v0.18.0",
    ] {
        let tree = tree(&TREE.replace("2openssl-probe v0.2.2", &format!("2{bad}")));
        let found: Vec<_> = INVARIANTS
            .iter()
            .filter(|invariant| matches!(invariant.scope, Scope::DefaultUser))
            .flat_map(|invariant| invariant.rule.violations(&tree))
            .collect();
        assert!(
            found.iter().any(|line| line.contains(bad)),
            "{bad}: {found:?}"
        );
    }
}

/// The same for what AWS brings.
#[test]
fn the_tree_with_aws_is_guarded() {
    for bad in [
        "aws-lc-rs v1.19.0",
        "aws-lc-sys v0.47.0",
        "openssl-sys v0.9.110",
        "rsa v0.9.8",
        "rustls v0.21.12",
        "ring v0.16.20",
    ] {
        let tree = tree(&TREE.replace("2openssl-probe v0.2.2", &format!("2{bad}")));
        let found: Vec<_> = INVARIANTS
            .iter()
            .filter(|invariant| match invariant.scope {
                Scope::Alone(patterns) => matches_any(patterns, "lunadefend-secrets-aws"),
                _ => false,
            })
            .flat_map(|invariant| invariant.rule.violations(&tree))
            .collect();
        assert!(
            found.iter().any(|line| line.contains(bad)),
            "{bad}: {found:?}"
        );
    }
}

/// The real invariants against adapters that reach for what is not theirs.
#[test]
fn adapters_are_guarded() {
    let adapters = [
        ("lunadefend-actix", "actix-web v4.18.1"),
        ("lunadefend-axum", "axum v0.8.9"),
        ("lunadefend-graphql", "async-graphql v7.2.1"),
        ("lunadefend-warp", "warp v0.4.3"),
    ];
    let own = |name: &str| format!("{name} v0.1.0 (/src/crates/{name})");
    for (adapter, framework) in adapters {
        let broken = |dependency: &str| {
            let (adapter, core) = (own(adapter), own("lunadefend-core"));
            let text = format!("0{adapter}\n1{core}\n1{framework}\n1{dependency}\n");
            let tree = tree(&text);
            let found: Vec<_> = INVARIANTS
                .iter()
                .filter(|invariant| match invariant.scope {
                    Scope::Alone(names) => matches_any(names, name_of(&adapter)),
                    Scope::DefaultUser | Scope::Everything => false,
                })
                .flat_map(|invariant| invariant.rule.violations(&tree))
                .collect();
            found
        };
        let others = adapters.iter().filter(|(other, _)| *other != adapter);
        let others = others.flat_map(|(other, framework)| [own(other), (*framework).to_owned()]);
        for bad in others.chain([
            own("lunadefend-client"),
            own("lunadefend-http"),
            own("lunadefend"),
            "reqwest v0.13.5".to_owned(),
            "rustls v0.23.46".to_owned(),
            "ring v0.17.14".to_owned(),
            "aws-config v1.13.0".to_owned(),
        ]) {
            let found = broken(&bad);
            let package = bad.split(" (").next().unwrap();
            assert!(
                found.iter().any(|line| line.ends_with(package)),
                "{adapter} with {bad}: {found:?}"
            );
        }
        assert_eq!(broken(&own("lunadefend-macros")), [""; 0]);
    }
}

#[test]
fn names_are_unique() {
    let names: std::collections::HashSet<_> = INVARIANTS.iter().map(|one| one.name).collect();
    assert_eq!(names.len(), INVARIANTS.len());
}
