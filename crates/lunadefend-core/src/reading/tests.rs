use super::*;
use crate::{UntrustedToken, unverified::words};
use proptest::prelude::*;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

const T: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "is only read")]
#[serde(deny_unknown_fields)]
struct Order {
    #[serde(rename = "orderNumber")]
    number: u32,
    #[serde(default)]
    payment: Option<Payment>,
    #[serde(default)]
    cards: Vec<Card>,
    #[serde(default)]
    by_name: BTreeMap<String, Card>,
    #[serde(default)]
    tuple: Option<(u8, Card)>,
    #[serde(default)]
    copied: Option<Copied>,
    #[serde(default)]
    either: Option<Either>,
    #[serde(default)]
    whole: Option<Whole>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "is only read")]
enum Payment {
    Card(Card),
    Iban { iban: UntrustedToken },
    Both(Card, u8),
    Cash,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "is only read")]
struct Card {
    token: UntrustedToken,
    #[serde(default)]
    year: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "is only read")]
#[serde(tag = "kind")]
enum Copied {
    Card(Card),
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "is only read")]
#[serde(untagged)]
enum Either {
    Card(Card),
    Number(u8),
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "is only read")]
struct Whole {
    first: u8,
    #[serde(flatten)]
    card: Card,
}

fn found(members: &str) -> (What, String) {
    let text = format!(r#"{{"orderNumber":1,{members}}}"#).replace("TOKEN", T);
    let found = json::<Order>(text.as_bytes()).err().unwrap().found.unwrap();
    (found.what, found.path.to_string())
}

#[test]
fn the_way_to_a_member_has_the_programs_names() {
    for (members, what, path) in [
        (
            r#""payment":{"Card":{"token":"x"}}"#,
            What::Token,
            "payment.Card.token",
        ),
        (
            r#""payment":{"Iban":{"iban":7}}"#,
            What::Token,
            "payment.Iban.iban",
        ),
        (
            r#""payment":{"Both":[{"token":"TOKEN","year":"x"},1]}"#,
            What::Other,
            "payment.Both[0].year",
        ),
        (
            r#""payment":{"Iban":{}}"#,
            What::Missing("iban"),
            "payment.Iban",
        ),
        (
            r#""payment":"Cash1""#,
            What::UnknownVariant(&["Card", "Iban", "Both", "Cash"]),
            "payment",
        ),
        (
            r#""cards":[{"token":"TOKEN"},{"token":""}]"#,
            What::Blank,
            "cards[1].token",
        ),
        (
            r#""cards":[{"token":["TOKEN"]}]"#,
            What::Tokens,
            "cards[0].token",
        ),
        (
            r#""cards":[{"token":"TOKEN","token":"TOKEN"}]"#,
            What::Duplicate("token"),
            "cards[0]",
        ),
        (
            r#""by_name":{"4111":{"token":"TOKEN","year":"x"}}"#,
            What::Other,
            "by_name.*.year",
        ),
        // A key that has the name of a field is input all the same.
        (
            r#""by_name":{"token":{"token":{}}}"#,
            What::Token,
            "by_name.*.token",
        ),
        (
            r#""tuple":[1,{"token":null}]"#,
            What::Token,
            "tuple[1].token",
        ),
        (r#""secret":1"#, What::UnknownField, ""),
        // Of these serde reads a copy.
        (
            r#""copied":{"kind":"Card","token":"x"}"#,
            What::Token,
            "copied",
        ),
        (
            r#""copied":{"kind":"4111"}"#,
            What::UnknownVariant(&["Card"]),
            "copied.*",
        ),
        (r#""either":{"token":"x"}"#, What::Other, "either"),
        (r#""whole":{"first":1,"token":"x"}"#, What::Token, "whole"),
        (r#""whole":{"first":"x"}"#, What::Other, "whole.*"),
        (r#""whole":{"first":1}"#, What::Missing("token"), "whole"),
    ] {
        assert_eq!(found(members), (what, path.to_owned()), "{members}");
    }
}

#[test]
fn what_is_no_json_is_told_from_what_has_another_type() {
    for (text, is_json) in [
        ("", false),
        ("{\"orderNumber\":", false),
        ("{\"orderNumber\":1,,", false),
        ("{\"orderNumber\":1} 2", false),
        ("[]", true),
        ("{\"orderNumber\":true}", true),
    ] {
        let failure = json::<Order>(text.as_bytes()).err().unwrap();
        assert_eq!(failure.found.is_some(), is_json, "{text}");
    }
}

/// JSON of the program's names and of canaries, at every place.
fn any_json() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        3 => proptest::sample::select(vec![
            "orderNumber", "payment", "cards", "by_name", "tuple", "copied", "either", "whole", "Card", "Iban",
            "Both", "Cash", "iban", "token", "year", "kind", "first",
        ])
        .prop_map(str::to_owned),
        1 => Just("canary".to_owned()),
        1 => Just("missing field `canary`".to_owned()),
    ];
    let text = prop_oneof![
        Just(T.to_owned()),
        Just("canary".to_owned()),
        Just("Card".to_owned()),
        Just("missing field `canary`".to_owned()),
    ];
    let leaf = prop_oneof![
        text.prop_map(|text| format!("{text:?}")),
        Just("987654".to_owned()),
        Just("-987654.5".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("canary".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let members = proptest::collection::vec((name.clone(), inner.clone()), 0..4);
        prop_oneof![
            proptest::collection::vec(inner, 0..3)
                .prop_map(|items| format!("[{}]", items.join(","))),
            members.prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(name, value)| format!("{name:?}:{value}"));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_key_and_no_value_is_ever_in_an_error(value in any_json(), member in "[a-z_]{0,9}") {
        for text in [
            value.clone(),
            format!(r#"{{"orderNumber":1,"payment":{value}}}"#),
            format!(r#"{{"orderNumber":1,"cards":[{value}]}}"#),
            format!(r#"{{"orderNumber":1,"by_name":{{"canary":{value}}}}}"#),
            format!(r#"{{"orderNumber":1,"copied":{value}}}"#),
            format!(r#"{{"orderNumber":1,"either":{value}}}"#),
            format!(r#"{{"orderNumber":1,"whole":{value}}}"#),
        ] {
            if let Err(failure) = json::<Order>(text.as_bytes()) {
                let wrong = failure.found.as_ref().map(|found| Wrong::<false>(found.what));
                let said = format!("{wrong:?} {:?}", words::of_json(failure));
                prop_assert!(!said.contains("canary") && !said.contains("98765"), "{} {}", text, said);
            }
        }
        let text = format!("orderNumber={value}&{member}canary={value}&payment={value}");
        if let Err(found) = form::<Order>(text.as_bytes()) {
            let said = format!("{} {:?}", Wrong::<true>(found.what), words::of_form(found));
            prop_assert!(!said.contains("canary") && !said.contains("98765"), "{}", said);
        }
    }

    /// What stands around the format's deserializer changes nothing of what is read.
    #[test]
    fn what_is_read_is_what_the_format_reads(value in any_json()) {
        let text = value.as_bytes();
        let direct = serde_json::from_slice::<serde_json::Value>(text).ok();
        let around = read::<serde_json::Value, _, false>(&mut serde_json::Deserializer::from_slice(text));
        // Alone it does not look at what follows the value; nothing does here.
        prop_assert_eq!(around.ok(), direct);
    }

    #[test]
    fn what_is_read_of_a_form_is_what_the_format_reads(
        text in "((name|age|tags|late|on|extra|first)=(x|7|-1|on|true||a%20b|%FF)&?){0,6}"
    ) {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Plain {
            name: Option<String>,
            age: Option<u32>,
            #[serde(default)]
            tags: Vec<String>,
            #[serde(default)]
            late: Vec<Option<u8>>,
            #[serde(default)]
            on: bool,
            extra: Option<Kind>,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Kind {
            X,
            On,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        struct Flat {
            first: Option<String>,
            #[serde(flatten)]
            rest: BTreeMap<String, String>,
        }
        let text = text.as_bytes();
        prop_assert_eq!(form::<Plain>(text).ok(), serde_html_form::from_bytes(text).ok());
        prop_assert_eq!(form::<Flat>(text).ok(), serde_html_form::from_bytes(text).ok());
        let pairs = form::<Vec<(String, String)>>(text).ok();
        prop_assert_eq!(pairs, serde_html_form::from_bytes(text).ok());
        prop_assert_eq!(form::<IgnoredAny>(text).is_ok(), true);
    }
}
