//! What `docs/testing.md` shows: each of these files stands there word for word.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod on_actix;
mod on_axum;
mod on_graphql;
mod on_warp;

const GUIDE: &str = include_str!("../../../docs/testing.md");

#[test]
fn the_guide_shows_what_is_tested_here() {
    for (name, code) in [
        ("on_axum.rs", include_str!("on_axum.rs")),
        ("on_actix.rs", include_str!("on_actix.rs")),
        ("on_warp.rs", include_str!("on_warp.rs")),
        ("on_graphql.rs", include_str!("on_graphql.rs")),
    ] {
        let shown = format!("```rust\n{code}```\n");
        assert!(
            GUIDE.contains(&shown),
            "docs/testing.md differs from {name}"
        );
    }
}
