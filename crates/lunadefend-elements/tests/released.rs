//! The list of released element modules is what their folder holds.
//!
//! `LUNADEFEND_WRITE_RELEASE=1 cargo test -p lunadefend-elements --test released` adds the newest module, for a release,
//! and writes the list anew.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

use lunadefend_elements::element_module;
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("released")
}

/// The list as Rust, of the scripts in a folder.
fn list(folder: &Path) -> String {
    let scripts: BTreeSet<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| PathBuf::from(entry.unwrap().file_name()))
        .filter(|path| path.extension() == Some(OsStr::new("js")))
        .map(|path| path.into_os_string().into_string().unwrap())
        .collect();
    let rows: Vec<_> = scripts
        .iter()
        .map(|name| format!("    ({name:?}, include_str!({name:?})),\n"))
        .collect();
    format!("&[\n{}]\n", rows.concat())
}

/// Adds the newest module to a folder, and writes its list.
fn release(folder: &Path) {
    let module = element_module();
    fs::write(folder.join(module.name()), module.contents()).unwrap();
    fs::write(folder.join("list.in"), list(folder)).unwrap();
}

#[test]
fn the_list_is_what_the_folder_holds() {
    let folder = folder();
    #[expect(clippy::disallowed_methods, reason = "a test that may write")]
    if std::env::var_os("LUNADEFEND_WRITE_RELEASE").is_some() {
        release(&folder);
    }
    let committed = fs::read_to_string(folder.join("list.in")).unwrap();
    let advice = "LUNADEFEND_WRITE_RELEASE=1 writes it";
    assert_eq!(committed, list(&folder), "{advice}");
}

#[test]
fn a_release_adds_the_newest_module_once() {
    let folder = tempfile::tempdir().unwrap();
    let empty = list(folder.path());
    assert_eq!(empty, "&[\n]\n");
    release(folder.path());
    release(folder.path());
    let module = element_module();
    let name = module.name();
    let written = fs::read_to_string(folder.path().join("list.in")).unwrap();
    assert_eq!(
        written,
        format!("&[\n    ({name:?}, include_str!({name:?})),\n]\n")
    );
    let script = fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(script, module.contents());
}
