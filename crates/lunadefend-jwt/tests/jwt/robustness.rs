//! No text panics, and a changed JWT is a refused JWT.

use crate::support::{mint, user_claims, verify};
use lunadefend_jwt::ParsedJwt;
use proptest::prelude::*;
use std::sync::LazyLock;

static GOOD: LazyLock<String> = LazyLock::new(|| {
    let compact = mint(r#"{"alg":"RS256","typ":"JWT"}"#, &user_claims().to_string());
    assert!(verify(&compact).is_ok());
    compact
});

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        prop_assert!(ParsedJwt::parse(&text).is_err());
    }

    #[test]
    fn no_three_parts_panic(a: Vec<u8>, b: Vec<u8>, c: Vec<u8>) {
        let parts = [a, b, c].map(|part| lunadefend_crypto::base64url(&part));
        prop_assert!(verify(&parts.join(".")).is_err());
    }

    /// Headers and claims of any JSON: refused unless they are right, never a panic.
    #[test]
    fn no_json_panics(header in "\\{\"alg\":\"RS256\"(,\"[a-z]{1,4}\":[0-9\\[\\]\"]{1,3})?\\}", claims in "\\{(\"(exp|iat|sub|aud)\":[-0-9.eE\"]{1,12},?){0,4}\\}") {
        prop_assert!(verify(&mint(&header, &claims)).is_err());
    }

    #[test]
    fn one_other_character(at: prop::sample::Index, character in "[ -~]") {
        let at = at.index(GOOD.len());
        let mut changed = GOOD.clone();
        changed.replace_range(at..=at, &character);
        prop_assert_eq!(verify(&changed).is_ok(), changed == *GOOD);
    }

    #[test]
    fn one_character_more_or_less(at: prop::sample::Index, character in "[ -~]") {
        let at = at.index(GOOD.len());
        let mut longer = GOOD.clone();
        longer.insert_str(at, &character);
        prop_assert!(verify(&longer).is_err());
        let mut shorter = GOOD.clone();
        shorter.remove(at);
        prop_assert!(verify(&shorter).is_err());
        prop_assert!(verify(&GOOD[..at]).is_err());
    }
}
