//! The example applications stand alone, each in a folder that can be copied, and are the same where nothing of
//! a framework is in them.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use std::{collections::BTreeSet, fs, path::PathBuf};

/// A file without the tests at its bottom: these stand in the first folder.
fn code(application: &str, file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(application)
        .join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{}", path.display()));
    text.split("\n#[cfg(test)]").next().unwrap().to_owned()
}

#[test]
fn what_has_nothing_of_a_framework_is_the_same_in_each() {
    for (file, first, others) in [
        ("src/error.rs", "axum-app", &["actix-app", "warp-app"][..]),
        ("src/body.rs", "axum-app", &["actix-app", "warp-app"]),
        ("src/browser.rs", "axum-app", &["actix-app", "warp-app"]),
        ("src/model.rs", "axum-app", &["actix-app", "warp-app"]),
        ("src/pages.rs", "axum-app", &["actix-app", "warp-app"]),
        ("src/users.rs", "axum-app", &["actix-app", "warp-app"]),
        ("src/stop.rs", "axum-app", &["warp-app", "graphql-app"]),
        ("src/cookie_session.rs", "actix-app", &["warp-app"]),
    ] {
        let expected = code(first, file);
        for other in others {
            assert_eq!(
                code(other, file),
                expected,
                "{other}/{file} and {first}/{file}"
            );
        }
    }
}

#[test]
fn the_pages_are_the_same_but_for_how_they_reach_the_application() {
    let files = |application: &str, folder: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples");
        let folder = path.join(application).join(folder);
        let files = fs::read_dir(folder).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.collect::<BTreeSet<_>>()
    };
    for other in ["actix-app", "warp-app"] {
        assert_eq!(
            files(other, "templates"),
            files("axum-app", "templates"),
            "{other}"
        );
        for folder in ["templates", "assets"] {
            for name in files("axum-app", folder) {
                let file = format!("{folder}/{name}");
                let same = code(other, &file) == code("axum-app", &file);
                assert_eq!(same, name != "layout.html", "{other}/{file}");
            }
        }
    }
}

#[test]
fn none_depends_on_a_crate_that_its_reader_does_not_have() {
    for application in [
        "axum-app",
        "actix-app",
        "warp-app",
        "graphql-app",
        "quickstart",
    ] {
        let manifest = code(application, "Cargo.toml");
        let (_, dependencies) = manifest.split_once("\n[dependencies]\n").unwrap();
        let (dependencies, _) = dependencies.split_once("\n[").unwrap();
        assert!(
            dependencies.contains("lunadefend.workspace") || dependencies.contains("lunadefend = ")
        );
        for line in dependencies.lines() {
            assert!(!line.contains("path ="), "{application}: {line}");
            assert!(
                !line.starts_with("lunadefend-tests"),
                "{application}: {line}"
            );
        }
    }
}
