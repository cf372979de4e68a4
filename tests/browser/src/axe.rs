//! axe, the checker of accessibility, in pages and frames.

use crate::Tab;
use serde_json::Value;
use std::{path::PathBuf, sync::LazyLock};

/// Names the `node_modules` that has axe. `cargo xtask test` sets it.
const NODE_MODULES: &str = "LUNADEFEND_NODE_MODULES";

static AXE: LazyLock<String> = LazyLock::new(|| {
    let modules = std::env::var_os(NODE_MODULES).map(PathBuf::from);
    let modules =
        modules.unwrap_or_else(|| panic!("{NODE_MODULES} is not set; `cargo xtask test` sets it"));
    std::fs::read_to_string(modules.join("axe-core/axe.min.js")).unwrap()
});

/// What axe looks for: everything but rules for whole pages, which a test's page and a frame are not.
const RUN: &str = "const done = arguments[0]; axe.run(document, {iframes: false, rules: {region: {enabled: false}, \
     'page-has-heading-one': {enabled: false}, 'landmark-one-main': {enabled: false}}}) \
     .then(found => done(found.violations.map(one => [one.id, one.nodes.map(node => node.html)])), \
       error => done([String(error)]))";

impl Tab {
    /// Runs axe in a part of a page, or in the frame that the tab is in.
    ///
    /// # Panics
    /// When it finds something.
    pub async fn assert_accessible(&self, name: &str) {
        self.run(&AXE).await;
        let found = self.run_async(RUN).await;
        assert_eq!(found, Value::Array(Vec::new()), "in {name}");
    }
}
