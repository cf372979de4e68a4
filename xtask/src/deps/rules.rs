//! The invariants, and what can be demanded of a tree.

use super::tree::{Tree, matches_any, name_of};

/// Something that holds for the dependencies of this workspace.
pub(super) struct Invariant {
    pub(super) name: &'static str,
    /// Reads after "it must hold that".
    pub(super) holds: &'static str,
    pub(super) scope: Scope,
    pub(super) rule: Rule,
}

/// Which trees an invariant is about.
pub(super) enum Scope {
    /// The tree of each published crate with one of these names, alone, with all its features.
    Alone(&'static [&'static str]),
    /// `lunadefend` and `lunadefend-axum` with their default features.
    DefaultUser,
    /// The whole workspace with all features, tests and build scripts.
    Everything,
}

/// What is demanded. Every list is of patterns.
pub(super) enum Rule {
    /// Of our own crates, the root reaches only these.
    ReachesOwn(&'static [&'static str]),
    /// None of these is reached, but for the exceptions.
    Never(&'static [&'static str], Except),
    /// The first are reached only by going through one of the second.
    OnlyThrough(&'static [&'static str], &'static [&'static str]),
    /// Of our own crates, only the second depend on the first directly.
    NamedOnlyBy(&'static [&'static str], &'static [&'static str]),
    /// Each of these is there in exactly one version.
    ExactlyOne(&'static [&'static str]),
}

/// Names that a pattern of [`Rule::Never`] covers and that are allowed all the same.
pub(super) struct Except(pub(super) &'static [&'static str]);

const NONE: Except = Except(&[]);
const ADAPTERS: &[&str] = &[
    "lunadefend-actix",
    "lunadefend-axum",
    "lunadefend-graphql",
    "lunadefend-warp",
];
const AWS_CRATES: &[&str] = &["lunadefend-*-aws"];
const OTHER_CRYPTO: &[&str] = &[
    "aws-lc-*",
    "boring*",
    "native-tls*",
    "openssl*",
    "rsa",
    "s2n-tls*",
];

/// All invariants, in the order in which they are shown.
pub(super) const INVARIANTS: &[Invariant] = &[
    // The arrows between our own crates.
    Invariant {
        name: "core-stands-alone",
        holds: "`lunadefend-core` depends on none of our crates but the macros",
        scope: Scope::Alone(&["lunadefend-core"]),
        rule: Rule::ReachesOwn(&["lunadefend-macros"]),
    },
    Invariant {
        name: "leaves-stand-alone",
        holds: "macros, crypto and http depend on none of our crates",
        scope: Scope::Alone(&["lunadefend-macros", "lunadefend-crypto", "lunadefend-http"]),
        rule: Rule::ReachesOwn(&[]),
    },
    Invariant {
        name: "jwt-on-core-and-crypto",
        holds: "`lunadefend-jwt` depends on core and crypto only",
        scope: Scope::Alone(&["lunadefend-jwt"]),
        rule: Rule::ReachesOwn(&["lunadefend-core", "lunadefend-crypto"]),
    },
    Invariant {
        name: "secrets-on-core",
        holds: "secret providers depend on core and on `lunadefend-secrets` only",
        scope: Scope::Alone(&["lunadefend-secrets", "lunadefend-secrets-*"]),
        rule: Rule::ReachesOwn(&["lunadefend-core", "lunadefend-secrets"]),
    },
    Invariant {
        name: "client-without-tokenizer",
        holds: "`lunadefend-client` shares with the tokenizer only what is in core, crypto, http and jwt; of the secret providers it knows the cache",
        scope: Scope::Alone(&["lunadefend-client"]),
        rule: Rule::ReachesOwn(&[
            "lunadefend-core",
            "lunadefend-crypto",
            "lunadefend-http",
            "lunadefend-jwt",
            "lunadefend-secrets",
        ]),
    },
    Invariant {
        name: "tokenizer-without-client",
        holds: "the tokenizer shares with the client only what is in core, crypto, http and jwt",
        scope: Scope::Alone(&["lunadefend-tokenizer"]),
        rule: Rule::ReachesOwn(&[
            "lunadefend-core",
            "lunadefend-crypto",
            "lunadefend-http",
            "lunadefend-jwt",
            "lunadefend-vault",
        ]),
    },
    Invariant {
        name: "vault-on-core-and-crypto",
        holds: "the vault depends on core and crypto only: who implements a store compiles no HTTP and no other store",
        scope: Scope::Alone(&["lunadefend-vault"]),
        rule: Rule::ReachesOwn(&["lunadefend-core", "lunadefend-crypto"]),
    },
    Invariant {
        name: "stores-on-the-vault",
        holds: "a store depends on the vault and on what that depends on",
        scope: Scope::Alone(&["lunadefend-vault-*"]),
        rule: Rule::ReachesOwn(&["lunadefend-core", "lunadefend-crypto", "lunadefend-vault"]),
    },
    Invariant {
        name: "vault-without-http",
        holds: "the vault and its stores compile no web framework, and the vault no database",
        scope: Scope::Alone(&["lunadefend-vault"]),
        rule: Rule::Never(&["axum*", "hyper*", "redb", "tower*"], NONE),
    },
    Invariant {
        name: "testing-on-core",
        holds: "what tests applications works on core alone; keys and an in-process tokenizer are features",
        scope: Scope::Alone(&["lunadefend-testing"]),
        rule: Rule::ReachesOwn(&[
            "lunadefend-core",
            "lunadefend-crypto",
            "lunadefend-http",
            "lunadefend-jwt",
            "lunadefend-tokenizer",
        ]),
    },
    Invariant {
        name: "nothing-on-testing",
        holds: "no published crate needs `lunadefend-testing` but for its own tests",
        scope: Scope::Alone(&["*"]),
        rule: Rule::NamedOnlyBy(&["lunadefend-testing"], &[]),
    },
    Invariant {
        name: "facade-without-tokenizer",
        holds: "an application that uses `lunadefend` compiles no tokenizer",
        scope: Scope::Alone(&["lunadefend"]),
        rule: Rule::Never(&["lunadefend-tokenizer*", "lunadefend-cli", "redb"], NONE),
    },
    // Adapters.
    Invariant {
        name: "axum-on-core",
        holds: "`lunadefend-axum` depends on core and axum: on no client, no TLS, no other framework",
        scope: Scope::Alone(&["lunadefend-axum"]),
        rule: Rule::Never(&["actix-*", "warp", "async-graphql*"], NONE),
    },
    Invariant {
        name: "actix-on-core",
        holds: "`lunadefend-actix` depends on core and actix-web: on no client, no TLS, no other framework",
        scope: Scope::Alone(&["lunadefend-actix"]),
        rule: Rule::Never(&["axum*", "warp", "async-graphql*"], NONE),
    },
    Invariant {
        name: "warp-on-core",
        holds: "`lunadefend-warp` depends on core and warp: on no client, no TLS, no other framework",
        scope: Scope::Alone(&["lunadefend-warp"]),
        rule: Rule::Never(&["axum*", "actix-*", "async-graphql*"], NONE),
    },
    Invariant {
        name: "graphql-on-core",
        holds: "`lunadefend-graphql` depends on core and async-graphql: on no client, no TLS, no web framework",
        scope: Scope::Alone(&["lunadefend-graphql"]),
        rule: Rule::Never(&["axum*", "actix-*", "warp"], NONE),
    },
    Invariant {
        name: "adapters-on-core-only",
        holds: "of our crates an adapter depends on core and the macros only",
        scope: Scope::Alone(ADAPTERS),
        rule: Rule::ReachesOwn(&["lunadefend-core", "lunadefend-macros"]),
    },
    Invariant {
        name: "adapters-without-client",
        holds: "an adapter compiles no HTTP client, no TLS, no crypto library and no AWS crate",
        scope: Scope::Alone(ADAPTERS),
        rule: Rule::Never(
            &[
                "reqwest",
                "rustls",
                "ring",
                "aws-*",
                "native-tls",
                "openssl*",
                "redb",
            ],
            NONE,
        ),
    },
    // Weight.
    Invariant {
        name: "core-without-runtime",
        holds: "`lunadefend-core` has no runtime, no HTTP client or server, no crypto library",
        scope: Scope::Alone(&["lunadefend-core"]),
        rule: Rule::Never(
            &[
                "tokio",
                "async-std",
                "smol",
                "mio",
                "hyper",
                "hyper-util",
                "reqwest",
                "ureq",
                "axum",
                "actix-*",
                "warp",
                "rustls",
                "ring",
                "aws-*",
                "native-tls",
                "openssl*",
            ],
            NONE,
        ),
    },
    Invariant {
        name: "aws-only-through-aws-crates",
        holds: "AWS crates are reached only through our `-aws` crates",
        scope: Scope::Everything,
        rule: Rule::OnlyThrough(&["aws-*"], AWS_CRATES),
    },
    Invariant {
        name: "default-tree-is-light",
        holds: "a user of `lunadefend` and `lunadefend-axum` compiles no AWS crate, no aws-lc, no openssl, no `rsa`",
        scope: Scope::DefaultUser,
        rule: Rule::Never(
            &[
                "aws-*",
                "openssl*",
                "native-tls*",
                "boring*",
                "rsa",
                "lunadefend-*-aws",
            ],
            // Finds the files with the roots of the system; no part of OpenSSL.
            Except(&["openssl-probe"]),
        ),
    },
    Invariant {
        name: "one-tls-one-crypto",
        holds: "a user of `lunadefend` and `lunadefend-axum` compiles one rustls and one ring",
        scope: Scope::DefaultUser,
        rule: Rule::ExactlyOne(&["rustls", "ring"]),
    },
    Invariant {
        name: "aws-without-other-crypto",
        holds: "AWS brings no second TLS or crypto library, to a user of the facade neither",
        scope: Scope::Alone(&["lunadefend", "lunadefend-*-aws"]),
        rule: Rule::Never(OTHER_CRYPTO, Except(&["openssl-probe"])),
    },
    Invariant {
        name: "aws-one-tls-one-crypto",
        holds: "AWS comes with the one rustls and the one ring that are there without it",
        scope: Scope::Alone(&["lunadefend", "lunadefend-*-aws"]),
        rule: Rule::ExactlyOne(&["rustls", "ring"]),
    },
    Invariant {
        name: "ring-in-one-crate",
        holds: "only `lunadefend-crypto` names ring, so that it can be exchanged",
        scope: Scope::Everything,
        rule: Rule::NamedOnlyBy(&["ring"], &["lunadefend-crypto"]),
    },
    Invariant {
        name: "reqwest-in-one-crate",
        holds: "but for tests, only `lunadefend-http` names reqwest, which it hardens",
        scope: Scope::Alone(&["*"]),
        rule: Rule::NamedOnlyBy(&["reqwest"], &["lunadefend-http"]),
    },
];

impl Rule {
    /// One line for each way in which a tree breaks the rule.
    pub(super) fn violations(&self, tree: &Tree) -> Vec<String> {
        match self {
            Self::ReachesOwn(allowed) => reached(tree, &[], |package| {
                tree.is_own(package)
                    && !tree.is_root(package)
                    && !matches_any(allowed, name_of(package))
            }),
            Self::Never(banned, Except(allowed)) => reached(tree, &[], |package| {
                let name = name_of(package);
                matches_any(banned, name) && !matches_any(allowed, name)
            }),
            Self::OnlyThrough(what, through) => {
                reached(tree, through, |package| matches_any(what, name_of(package)))
            }
            Self::NamedOnlyBy(what, only) => tree
                .packages()
                .filter(|user| tree.is_own(user) && !matches_any(only, name_of(user)))
                .flat_map(|user| {
                    tree.direct(user)
                        .filter(|package| matches_any(what, name_of(package)))
                        .map(move |package| shown(&[user, package]))
                })
                .collect(),
            Self::ExactlyOne(names) => names
                .iter()
                .filter_map(|name| {
                    let found: Vec<_> = tree
                        .packages()
                        .filter(|package| name_of(package) == *name)
                        .collect();
                    match found.len() {
                        1 => None,
                        0 => Some(format!("{name} is not there at all")),
                        _ => Some(found.join(", ")),
                    }
                })
                .collect(),
        }
    }
}

/// The paths to the packages that `wrong` accepts, not going through one of `stop`.
fn reached(tree: &Tree, stop: &[&str], wrong: impl Fn(&str) -> bool) -> Vec<String> {
    tree.paths(|name| matches_any(stop, name))
        .into_iter()
        .filter(|(package, _)| wrong(package))
        .map(|(_, path)| shown(&path))
        .collect()
}

fn shown(path: &[&str]) -> String {
    path.join(" -> ")
}
