use super::*;
use crate::wire::{RESPONSE, StrictError, Success, from_slice, to_vec};
use serde::de::DeserializeOwned;

const TOKEN: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
const ID: &str = "AAECAwQFBgcICQoLDA0ODw";

fn binding() -> Binding {
    Binding::of(
        crate::wire::BatchPlace {
            operation: BatchOperation::Set,
            batch: BatchId::new([0; 16]),
            index: 0,
        },
        "s",
        TOKEN,
        None,
        |_| [0; 32],
    )
}

fn request(items: &str) -> Result<GrantBatch, StrictError> {
    let body = format!(r#"{{"batchId":"{ID}","items":{items}}}"#);
    from_slice(body.as_bytes(), BATCH)
}

fn written<T: Serialize>(value: &T) -> String {
    String::from_utf8(to_vec(value)).unwrap()
}

#[test]
fn a_request_as_it_is_written() {
    let session = SessionId::new("session-abc").unwrap();
    let token = TokenId::parse(TOKEN).unwrap();
    let batch = GrantBatch {
        batch_id: BatchId::new(std::array::from_fn(|index| u8::try_from(index).unwrap())),
        items: vec![
            GrantItem::new(&session, &token, None),
            GrantItem::new(&session, &token, Some("15m".parse().unwrap())),
        ],
    };
    let text = format!(
        r#"{{"batchId":"{ID}","items":[{{"sessionId":"session-abc","tokenId":"{TOKEN}"}},{{"sessionId":"session-abc","tokenId":"{TOKEN}","duration":"15m"}}]}}"#
    );
    assert_eq!(written(&batch), text);
    let read: GrantBatch = from_slice(text.as_bytes(), BATCH).unwrap();
    assert_eq!(read.batch_id, batch.batch_id);
    assert!(
        read.items
            .iter()
            .all(|item| item.ids() == Some((session.clone(), token.clone())))
    );
    let shown = format!("{batch:?}");
    assert!(
        !shown.contains("session-abc") && !shown.contains(TOKEN),
        "{shown}"
    );
}

#[test]
fn an_invalid_item_is_read_and_an_invalid_batch_is_not() {
    for (session, token) in [
        ("", TOKEN),
        ("s".repeat(1025).as_str(), TOKEN),
        ("s", ""),
        ("s", "canary"),
        ("s", &TOKEN.to_uppercase()),
    ] {
        let item =
            format!(r#"[{{"sessionId":"{session}","tokenId":"{token}","duration":"soon"}}]"#);
        assert!(request(&item).unwrap().items[0].ids().is_none());
    }
    let item = format!(r#"{{"sessionId":"s","tokenId":"{TOKEN}"}}"#);
    let many = |count: usize| format!("[{}]", vec![item.as_str(); count].join(","));
    assert_eq!(request(&many(100)).unwrap().items.len(), 100);
    for count in [0, 101] {
        assert_eq!(
            request(&many(count)).unwrap_err(),
            StrictError::Refused(RULE)
        );
    }
    for items in [
        "{}",
        "null",
        "[1]",
        "[[]]",
        r#"[["s","t"]]"#,
        "[{}]",
        r#"[{"sessionId":"s"}]"#,
        r#"[{"sessionId":1,"tokenId":"t"}]"#,
        r#"[{"sessionId":"s","tokenId":"t","duration":1}]"#,
        r#"[{"sessionId":"s","sessionId":"s","tokenId":"t"}]"#,
    ] {
        assert!(request(items).is_err(), "{items}");
    }
    for id in [
        "",
        "AAECAwQFBgcICQoLDA0ODx",
        "AAECAwQFBgcICQoLDA0OD",
        "AAECAwQFBgcICQoLDA0ODw==",
    ] {
        let body = format!(r#"{{"batchId":"{id}","items":[{item}]}}"#);
        assert!(
            from_slice::<GrantBatch>(body.as_bytes(), BATCH).is_err(),
            "{id}"
        );
    }
}

/// A session id may be 1024 characters that JSON writes as six each.
#[test]
fn the_largest_batch_fits() {
    let session = SessionId::new("\u{1}".repeat(SessionId::MAX_LEN)).unwrap();
    let token = TokenId::parse(TOKEN).unwrap();
    let longest = Some("2562047h47m16.854775807s".parse().unwrap());
    let batch = GrantBatch {
        batch_id: BatchId::new([255; 16]),
        items: (0..GrantBatch::MAX_ITEMS)
            .map(|_| GrantItem::new(&session, &token, longest))
            .collect(),
    };
    let body = to_vec(&batch);
    assert!(
        from_slice::<GrantBatch>(&body, BATCH).is_ok(),
        "{}",
        body.len()
    );
}

fn reads<T: DeserializeOwned>(item: &str) -> Option<T> {
    let binding = binding();
    let body = format!(
        r#"{{"success":true,"error":{{}},"data":{{"batchId":"{ID}","items":[{{"binding":"{binding}",{item}}}]}}}}"#
    );
    let answer: Success<BatchAnswer<T>> = from_slice(body.as_bytes(), RESPONSE).ok()?;
    answer.0.items.into_iter().next()
}

#[test]
fn answers_as_they_are_written() {
    let binding = binding();
    let zeros = "A".repeat(43);
    for (expires_at, text) in [
        (Some(UnixMillis::new(7)), r#""valid":true,"expiresAt":7"#),
        (None, r#""valid":false,"expiresAt":null"#),
    ] {
        let item = VerifiedItem {
            binding,
            expires_at,
        };
        assert_eq!(written(&item), format!(r#"{{"binding":"{zeros}",{text}}}"#));
        assert_eq!(reads(text), Some(item));
    }
    for (outcome, text) in [
        (Ok(UnixMillis::new(7)), r#""granted":true,"expiresAt":7"#),
        (
            Err("sessionEnded".to_owned()),
            r#""granted":false,"expiresAt":null,"errorName":"sessionEnded""#,
        ),
    ] {
        let item = GrantedItem { binding, outcome };
        assert_eq!(written(&item), format!(r#"{{"binding":"{zeros}",{text}}}"#));
        assert_eq!(reads(text), Some(item));
    }
    let no = reads::<GrantedItem>(r#""granted":false,"expiresAt":null"#);
    assert_eq!(no.unwrap().outcome, Err(String::new()));
}

#[test]
fn what_says_yes_and_no_is_neither() {
    for verdict in [
        r#":true,"expiresAt":null"#,
        r#":true"#,
        r#":false,"expiresAt":7"#,
        r#":true,"expiresAt":-1"#,
        r#":true,"expiresAt":1.5"#,
        r#":true,"expiresAt":"7""#,
        r#":1,"expiresAt":7"#,
        r#":"true","expiresAt":7"#,
        r#":null,"expiresAt":7"#,
    ] {
        assert_eq!(
            reads::<VerifiedItem>(&format!("\"valid\"{verdict}")),
            None,
            "{verdict}"
        );
        assert_eq!(
            reads::<GrantedItem>(&format!("\"granted\"{verdict}")),
            None,
            "{verdict}"
        );
    }
    // Nor is one operation's answer that of the other.
    assert_eq!(
        reads::<VerifiedItem>(r#""granted":true,"expiresAt":7"#),
        None
    );
    assert_eq!(reads::<GrantedItem>(r#""valid":true,"expiresAt":7"#), None);
}
