//! `{:?}` of whatever public type can hold a secret.

use crate::Canaries;

#[test]
fn placeholder() {
    let canaries = Canaries::default();
    canaries.assert_absent("nothing", "");
}
