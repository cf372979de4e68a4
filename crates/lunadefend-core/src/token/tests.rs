use super::*;
use proptest::prelude::*;

/// The 22 cases of LunaSec's `isToken`.
#[test]
fn the_originals_is_token_cases() {
    const T: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    for good in [
        T,
        "lunasec-0A1B2C3D-1111-4222-8333-444455556666",
        "lunasec-00000000-0000-0000-0000-000000000000",
        "lunasec-ffffffff-ffff-ffff-ffff-ffffffffffff",
    ] {
        assert_eq!(
            TokenId::parse(good).unwrap().expose_id(),
            good,
            "kept as written"
        );
    }
    for bad in [
        "LUNASEC-0A1B2C3D-1111-4222-8333-444455556666",
        "Lunasec-0a1b2c3d-1111-4222-8333-444455556666",
        &format!("{T}\n"),
        &format!("\n{T}"),
        &format!("{T} "),
        &format!(" {T}"),
        "0a1b2c3d-1111-4222-8333-444455556666",
        "lunasec-0a1b2c3d-1111-4222-8333-44445555666",
        &format!("{T}0"),
        "lunasec_0a1b2c3d_1111_4222_8333_444455556666",
        "lungsec-0a1b2c3d-1111-4222-8333-444455556666",
        &format!("{T}\r"),
        &format!("{T}\u{a0}"),
        &format!("{T}\0"),
        "lunasec-0a1b2c3d-１１１１-4222-8333-444455556666",
        "",
        &format!("{T}\n{T}"),
        &format!("lunasec-{T}"),
    ] {
        assert_eq!(TokenId::parse(bad).unwrap_err().kind(), ErrorKind::BadToken);
    }
}

#[test]
fn deserialising_anything_else_says_what_a_token_is_and_echoes_nothing() {
    for body in [
        "null",
        "4111111111111111",
        "\"4111111111111111\"",
        "true",
        "1.5",
        "\"\"",
    ] {
        let error = serde_json::from_str::<UntrustedToken>(body)
            .unwrap_err()
            .to_string();
        assert!(error.contains("lunasec-"), "{error}");
        assert!(!error.contains("4111"), "{error}");
    }
    for body in ["[\"4111111111111111\"]", "{\"4111\":1}"] {
        let error = serde_json::from_str::<UntrustedToken>(body)
            .unwrap_err()
            .to_string();
        assert!(!error.contains("4111"), "{error}");
    }
}

#[test]
fn a_token_that_came_in_is_that_of_a_row_or_another() {
    let row = VerifiedToken::assertion("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap();
    let came = |text: &str| UntrustedToken::parse(text).unwrap();
    assert!(came("lunasec-0a1b2c3d-1111-4222-8333-444455556666").is(&row));
    assert!(!came("lunasec-0a1b2c3d-1111-4222-8333-444455556667").is(&row));
    // Another spelling is another token to the tokenizer.
    assert!(!came("lunasec-0A1B2C3D-1111-4222-8333-444455556666").is(&row));
}

#[test]
fn debug_prints_nothing() {
    let id = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    let verified = VerifiedToken::assertion(id).unwrap();
    let all = format!(
        "{:?} {:?} {verified:?} {:?}",
        TokenId::parse(id),
        UntrustedToken::parse(id),
        verified.clone().into_granted()
    );
    assert!(!all.contains("0a1b2c3d"), "{all}");
}

proptest! {
    #[test]
    fn new_identifiers_are_version_4_and_parse(bytes: [u8; 16]) {
        let id = TokenId::from_random(bytes);
        prop_assert_eq!(&TokenId::parse(id.expose_id()).unwrap(), &id);
        prop_assert_eq!(id.expose_id().as_bytes()[8 + 14], b'4');
        prop_assert!(b"89ab".contains(&id.expose_id().as_bytes()[8 + 19]));
    }

    #[test]
    fn any_text_parses_or_is_a_bad_token(text: String) {
        if let Err(error) = TokenId::parse(&text) {
            prop_assert_eq!(error.kind(), ErrorKind::BadToken);
        }
    }
}
