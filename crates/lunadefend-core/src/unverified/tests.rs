use super::*;
use crate::{Patch, UntrustedToken, VerifiedToken, provider::TokenId};

fn error(body: &str) -> Error {
    Unverified::<Vec<VerifiedToken>>::from_json(body.as_bytes()).unwrap_err()
}

#[test]
fn a_malformed_token_is_named_as_that_and_not_echoed() {
    for body in [
        "[\"4111\"]",
        "[4111]",
        "[null]",
        "[[\"4111\"]]",
        "[{\"4111\":1}]",
        "[true]",
    ] {
        let error = error(body);
        assert_eq!(error.kind(), ErrorKind::BadToken, "{body}: {error}");
        assert!(!format!("{error:?}").contains("4111"));
    }
}

#[test]
fn anything_else_is_a_bad_request_with_its_place() {
    for body in ["", "[", "{\"4111\":1}", "\"4111\"", "[] 4111"] {
        let error = error(body);
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{body}");
        assert!(error.message().contains("line"), "{error}");
        assert!(!format!("{error:?}").contains("4111"), "{error}");
    }
}

const T: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";

/// What a derive would make of a form's type, but for its name.
#[derive(Debug, Deserialize)]
struct Form {
    #[expect(dead_code, reason = "is only read")]
    name: String,
    ssn: Wire<Option<VerifiedToken>>,
    #[serde(default)]
    cards: Wire<Vec<VerifiedToken>>,
    #[serde(default)]
    passport: Wire<Patch<VerifiedToken>>,
}

type Wire<T> = <T as FromUntrusted>::Wire;

impl FromUntrusted for Verified {
    type Wire = Form;
}

#[derive(Debug, PartialEq)]
struct Verified {
    ssn: Option<VerifiedToken>,
    cards: Vec<VerifiedToken>,
    passport: Patch<VerifiedToken>,
}

impl Verify for Form {
    type Verified = Verified;

    fn collect(&self, tokens: &mut VerifyCollector) {
        self.ssn.collect(tokens);
        self.cards.collect(tokens);
        self.passport.collect(tokens);
    }

    fn upgrade(self, proof: &VerifyProof) -> Result<Verified, Error> {
        Ok(Verified {
            ssn: self.ssn.upgrade(proof)?,
            cards: self.cards.upgrade(proof)?,
            passport: self.passport.upgrade(proof)?,
        })
    }
}

fn verified(read: Result<Unverified<Verified>, Error>) -> Verified {
    let ids = vec![TokenId::parse(T).unwrap()];
    read.unwrap().upgrade(&VerifyProof::new(ids)).unwrap()
}

fn form(text: &str) -> Result<Unverified<Verified>, Error> {
    Unverified::from_form(text.as_bytes())
}

fn json(text: &str) -> Result<Unverified<Verified>, Error> {
    Unverified::from_json(text.replace("TOKEN", T).as_bytes())
}

#[test]
fn a_field_of_a_form_that_was_left_blank_holds_no_token() {
    let token = || VerifiedToken::assertion(T).unwrap();
    let blank = Verified {
        ssn: None,
        cards: vec![],
        passport: Patch::Clear,
    };
    assert_eq!(verified(form("name=&ssn=&cards=&passport=")), blank);
    assert_eq!(verified(form("name=x&ssn=&cards=&cards=&passport=")), blank);
    let full = verified(form(&format!(
        "name=x&ssn={T}&cards=&cards={T}&cards=&passport={T}"
    )));
    assert_eq!(full.ssn, Some(token()));
    assert_eq!(full.cards, [token()]);
    assert_eq!(full.passport, Patch::Set(token()));
    let absent = verified(form("name=x"));
    assert_eq!((absent.ssn, absent.passport), (None, Patch::Keep));
    for wrong in [
        "name=x&ssn=%20",
        "name=x&ssn=4111",
        "name=x&cards=4111",
        "name=x&cards=&cards=4111",
        "name=x&passport=4111",
    ] {
        assert_eq!(
            form(wrong).unwrap_err().kind(),
            ErrorKind::BadToken,
            "{wrong}"
        );
    }
}

/// The page to edit a row: its token may come back long after its grant ended.
#[test]
fn an_untrusted_token_of_a_form_may_be_left_blank() {
    #[derive(Deserialize)]
    struct Edit {
        #[serde(default)]
        ssn: Patch<UntrustedToken>,
    }
    let row = VerifiedToken::assertion(T).unwrap();
    let edit = |text: &str| reading::form::<Edit>(text.as_bytes()).ok().unwrap().ssn;
    assert!(matches!(edit(""), Patch::Keep));
    assert!(matches!(edit("ssn="), Patch::Clear));
    assert!(matches!(edit(&format!("ssn={T}")), Patch::Set(came) if came.is(&row)));
    assert!(reading::form::<Edit>(b"ssn=4111").is_err());
}

#[test]
fn an_empty_text_in_json_is_no_token() {
    for wrong in [
        r#"{"name":"x","ssn":""}"#,
        r#"{"name":"x","cards":[""]}"#,
        r#"{"name":"x","cards":["TOKEN",""]}"#,
        r#"{"name":"x","passport":""}"#,
    ] {
        assert_eq!(
            json(wrong).unwrap_err().kind(),
            ErrorKind::BadToken,
            "{wrong}"
        );
    }
    let null = verified(json(r#"{"name":"x","ssn":null,"passport":null}"#));
    assert_eq!((null.ssn, null.passport), (None, Patch::Clear));
    let full = verified(json(r#"{"name":"x","cards":["TOKEN"],"passport":"TOKEN"}"#));
    assert_eq!(full.cards.len(), 1);
    assert!(matches!(full.passport, Patch::Set(_)));
    let absent = verified(json(r#"{"name":"x"}"#));
    assert_eq!(absent.passport, Patch::Keep);
}

#[test]
fn a_blank_field_of_a_flattened_or_tagged_part_holds_no_token() {
    #[derive(Debug, Deserialize)]
    struct Part {
        ssn: Wire<Option<VerifiedToken>>,
        #[serde(default)]
        cards: Wire<Vec<VerifiedToken>>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        Part(Part),
    }
    #[derive(Debug, Deserialize)]
    struct Whole {
        #[serde(flatten)]
        part: Part,
    }
    let text = format!("kind=Part&ssn=&cards=&cards={T}");
    let Ok(Tagged::Part(tagged)) = reading::form(text.as_bytes()) else {
        unreachable!("it is one")
    };
    let Ok(whole) = reading::form::<Whole>(text.as_bytes()) else {
        unreachable!("it is one")
    };
    for part in [tagged, whole.part] {
        let ids = vec![TokenId::parse(T).unwrap()];
        let proof = VerifyProof::new(ids);
        assert_eq!(part.ssn.upgrade(&proof).unwrap(), None);
        assert_eq!(part.cards.upgrade(&proof).unwrap().len(), 1);
    }
    let json = r#"{"kind":"Part","ssn":""}"#;
    for found in [
        reading::json::<Tagged>(json.as_bytes())
            .err()
            .unwrap()
            .found,
        reading::json::<Whole>(json.as_bytes()).err().unwrap().found,
    ] {
        assert_eq!(found.unwrap().what, reading::What::Blank);
    }
}

#[test]
fn a_token_that_is_in_a_form_twice_is_told_as_that() {
    let error = form(&format!("name=x&ssn={T}&ssn={T}")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadToken);
    assert_eq!(
        error.message(),
        "the member `ssn` is there twice, where one token is expected"
    );
    // A list where one token is expected is no such thing in JSON.
    let error = json(r#"{"name":"x","ssn":["TOKEN","TOKEN"]}"#).unwrap_err();
    assert!(!error.message().contains("twice"), "{error}");
    let error = json(r#"{"name":"x","ssn":"TOKEN","ssn":"TOKEN"}"#).unwrap_err();
    assert!(
        error.message().contains("the member `ssn` is there twice"),
        "{error}"
    );
}

#[test]
fn an_error_says_at_which_member() {
    let token = "is not a token: expected the string `lunasec-<uuid>` that the tokenizer issued";
    for (body, message) in [
        (
            r#"{"name":7}"#,
            "the member `name` has the wrong type or value (line 1, column 9)".to_owned(),
        ),
        (
            r#"{"ssn":null}"#,
            "the member `name` is missing (line 1, column 12)".to_owned(),
        ),
        (
            r#"{"name":"x","ssn":"4111"}"#,
            format!("the member `ssn` {token}"),
        ),
        (
            r#"{"name":"x","cards":["TOKEN","4111"]}"#,
            format!("the member `cards[1]` {token}"),
        ),
        (
            r#"{"name":"x","cards":"TOKEN"}"#,
            "the member `cards` has the wrong type or value (line 1, column 66)".to_owned(),
        ),
        (
            "[]",
            "the request, or a member of it, has the wrong type or value (line 1, column 2)"
                .to_owned(),
        ),
        (
            r#"{"name":"x""#,
            "the request is not well-formed JSON (line 1, column 11)".to_owned(),
        ),
    ] {
        assert_eq!(json(body).unwrap_err().message(), message, "{body}");
    }
    for (text, message) in [
        ("ssn=", "the member `name` is missing".to_owned()),
        ("name=x&ssn=4111", format!("the member `ssn` {token}")),
        (
            "name=x&cards=4111",
            format!("the member `cards[0]` {token}"),
        ),
        (
            "name=x&name=y",
            "the member `name` has the wrong type or value".to_owned(),
        ),
    ] {
        assert_eq!(form(text).unwrap_err().message(), message, "{text}");
    }
}

#[test]
fn what_is_not_known_is_told_by_what_is() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        #[expect(dead_code, reason = "is only read")]
        kind: Kind,
    }
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        New,
        Correction,
    }
    #[derive(Debug)]
    struct Checked;
    impl Verify for Strict {
        type Verified = Checked;

        fn collect(&self, _: &mut VerifyCollector) {}

        fn upgrade(self, _: &VerifyProof) -> Result<Checked, Error> {
            Ok(Checked)
        }
    }
    impl FromUntrusted for Checked {
        type Wire = Strict;
    }
    for (body, message) in [
        (
            r#"{"kind":"4111"}"#,
            "the member `kind` must be one of `new`, `correction` (line 1, column 14)",
        ),
        (
            r#"{"4111":1}"#,
            "the request has a member that is not known here (line 1, column 7)",
        ),
    ] {
        let error = Unverified::<Checked>::from_json(body.as_bytes()).unwrap_err();
        assert_eq!(error.message(), message);
    }
}

#[test]
fn a_number_that_a_form_cannot_bring_into_a_flattened_part_is_told_as_that() {
    struct Search;
    #[derive(Debug, Deserialize)]
    struct Paging {
        #[expect(dead_code, reason = "is only read")]
        limit: u32,
    }
    #[derive(Debug, Deserialize)]
    struct SearchWire {
        #[serde(flatten)]
        #[expect(dead_code, reason = "is only read")]
        paging: Paging,
    }
    impl Verify for SearchWire {
        type Verified = Search;

        fn collect(&self, _: &mut VerifyCollector) {}

        fn upgrade(self, _: &VerifyProof) -> Result<Search, Error> {
            Ok(Search)
        }
    }
    impl FromUntrusted for Search {
        type Wire = SearchWire;
    }
    let error = Unverified::<Search>::from_form(b"limit=4111").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
    assert!(error.message().contains("flattened"), "{error}");
    assert!(!format!("{error:?}").contains("4111"), "{error:?}");
    assert!(Unverified::<Search>::from_json(br#"{"limit":5}"#).is_ok());
}
