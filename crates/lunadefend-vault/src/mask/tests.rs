use super::*;
use ValueKind::{
    CardCvc, CardExpiry, CardNumber, Date, Email, File, Iban, Ssn, Tel, Text, Textarea,
};
use proptest::prelude::*;

fn every() -> MaskPolicy {
    [Ssn, Date, CardExpiry, Text]
        .into_iter()
        .fold(MaskPolicy::default(), |policy, kind| {
            policy.with(kind).unwrap()
        })
}

fn shown(policy: MaskPolicy, kind: ValueKind, value: &str) -> Option<String> {
    let mask = policy.mask(Some(kind), value.as_bytes())?;
    Some(mask.as_text().replace(DOTS, "*"))
}

#[test]
fn what_each_kind_shows() {
    for (kind, value, mask) in [
        (CardNumber, "4111 1111 1111 1111", "Visa * 1111"),
        (CardNumber, "5555-5555-5555-4444", "Mastercard * 4444"),
        (CardNumber, "378282246310005", "American Express * 0005"),
        (CardNumber, "6011111111111117", "Discover * 1117"),
        (CardNumber, "3530111333300000", "JCB * 0000"),
        (CardNumber, "30569309025904", "Diners Club * 5904"),
        (CardNumber, "6759649826438453", "* 8453"),
        (Iban, "DE89 3704 0044 0532 0130 00", "* 3000"),
        (Iban, "gb82west12345698765432", "* 5432"),
        (Tel, "+1 (202) 555-0143", "* 0143"),
        (Email, " jane.doe@example.com ", "j*@example.com"),
    ] {
        assert_eq!(
            shown(MaskPolicy::default(), kind, value).as_deref(),
            Some(mask),
            "{value}"
        );
    }
    for (kind, value, mask) in [
        (Ssn, "078-05-1120", "* 1120"),
        (Date, "1984-02-29", "1984-*"),
        (CardExpiry, "09/31", "*/31"),
        (Text, "AB-123456", "*56"),
    ] {
        assert_eq!(shown(MaskPolicy::default(), kind, value), None, "not named");
        assert_eq!(
            shown(every(), kind, value).as_deref(),
            Some(mask),
            "{value}"
        );
    }
}

#[test]
fn what_is_not_valid_for_its_kind_shows_nothing() {
    for (kind, value) in [
        (CardNumber, "4111111111111112"),
        (CardNumber, "0000000000000000"),
        (CardNumber, "41111111111"),
        (CardNumber, "078-05-1120"),
        (CardNumber, "4111111111111111x"),
        (Iban, "DE89370400440532013001"),
        (Iban, "4111111111111111"),
        (Tel, "555-0143"),
        (Tel, "+1 202 555 0143 ext 5"),
        (Tel, "4111111111111111"),
        (Email, "jane.doe@localhost"),
        (Email, "jane@doe@example.com"),
        (Email, "@example.com"),
        (Email, "j\u{202e}@example.com"),
        (Ssn, "000-12-3456"),
        (Ssn, "078-00-1120"),
        (Ssn, "4111111111111111"),
        (Date, "1984-2-29"),
        (CardExpiry, "0931"),
        (Text, "1234567"),
        (Text, "12345678\u{202e}"),
        (CardCvc, "123"),
        (Textarea, "a long text of several lines"),
        (File, "4111111111111111"),
    ] {
        assert_eq!(shown(every(), kind, value), None, "{kind:?} {value}");
    }
    for kind in [Email, Iban, Tel, CardNumber, CardCvc, Textarea, File] {
        assert_eq!(MaskPolicy::default().with(kind), None, "always or never");
    }
    assert_eq!(every().mask(Some(Text), b"12345678\xff"), None);
}

/// The most characters of a value that its mask may show. The domain of an address is no secret.
const fn most(kind: ValueKind) -> usize {
    match kind {
        CardNumber | Iban | Tel | Ssn | Date => 4,
        Text | CardExpiry => 2,
        Email => 1,
        _ => 0,
    }
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{3}-[0-9]{2}-[0-9]{4}",
        "[0-9 -]{1,24}",
        "[0-9]{12,19}",
        "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}",
        "[+]?[0-9 ()./-]{1,20}",
        "[a-z.]{1,70}@[a-z]{1,9}[.][a-z]{2,3}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
        "[0-9]{2}/[0-9]{2}",
        ".{0,40}",
    ]
}

proptest! {
    /// With the right kind or a wrong one.
    #[test]
    fn a_mask_never_shows_more_than_its_kind_allows(value in values(), at in 0..ValueKind::ALL.len()) {
        let kind = ValueKind::ALL[at];
        let Some(mask) = every().mask(Some(kind), value.as_bytes()) else {
            return Ok(());
        };
        let text = mask.as_text();
        prop_assert!(text.len() <= MAX_LEN && text.contains(DOTS));
        let brand = if kind == CardNumber { text.split(DOTS).next().unwrap() } else { "" };
        let text = text[brand.len()..].to_owned();
        let shown = match kind {
            Email => text.split('@').next().unwrap().to_owned(),
            _ => text,
        };
        let shown = shown.chars().filter(|c| !DOTS.contains(*c) && !" -/".contains(*c));
        prop_assert!(shown.count() <= most(kind), "{kind:?}");
    }

    #[test]
    fn the_check_digit_decides(digits in "[1-9][0-9]{11,17}") {
        let valid = (0..10).filter(|last| valid::card_number(&format!("{digits}{last}")).is_some());
        prop_assert_eq!(valid.count(), 1);
    }
}
