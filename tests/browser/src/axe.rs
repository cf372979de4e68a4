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

/// Runs axe with what else it is told.
const RUN: &str = "const done = arguments[0]; axe.run(document, {iframes: false, $more}) \
     .then(found => done(found.violations.map(one => [one.id, one.nodes.map(node => node.html)])), \
       error => done([String(error)]))";
/// Rules for whole pages, which a test's page and a frame are not.
const PART: &str = "rules: {region: {enabled: false}, 'page-has-heading-one': {enabled: false}, \
     'landmark-one-main': {enabled: false}, 'color-contrast': {enabled: $contrast}}";
const ELEMENTS: &str = "return [...document.querySelectorAll( \
     'luna-input, luna-file, luna-value, luna-image, luna-download')].map(one => `#${one.id}`)";

fn part(contrast: bool) -> String {
    PART.replace("$contrast", &contrast.to_string())
}

impl Tab {
    /// Runs axe in a part of a page, or in the frame that the tab is in.
    ///
    /// # Panics
    /// When it finds something.
    pub async fn assert_accessible(&self, name: &str) {
        self.run_axe(&part(true), name).await;
    }

    /// Runs axe in a whole page, and in the frame of each secure element there. A frame is transparent, and axe takes
    /// what is behind it for white: in the dark it cannot tell contrasts there.
    ///
    /// # Panics
    /// When it finds something.
    pub(crate) async fn assert_all_accessible(&self, is_dark: bool) {
        let page = self.driver.current_url().await.unwrap();
        let elements: Vec<String> = serde_json::from_value(self.run(ELEMENTS).await).unwrap();
        for element in &elements {
            self.find(&format!("{element}:state(ready)")).await;
        }
        self.run_axe("", page.path()).await;
        for element in elements {
            self.enter(&element).await;
            let place = format!("{element} of {page}");
            self.run_axe(&part(!is_dark), &place).await;
            self.leave().await;
        }
    }

    async fn run_axe(&self, more: &str, place: &str) {
        self.run(&AXE).await;
        let found = self.run_async(&RUN.replace("$more", more)).await;
        assert_eq!(found, Value::Array(Vec::new()), "in {place}");
    }
}
