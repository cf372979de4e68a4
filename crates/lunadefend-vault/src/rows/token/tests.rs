use super::*;
use crate::form;
use lunadefend_core::wire::Metadata;

/// Epoch and metadata; `None` of a deleted token.
fn read(bytes: &[u8]) -> Result<Option<(u64, Option<String>)>, VaultError> {
    Ok(match form::read(bytes)? {
        TokenRow::Deleted => None,
        TokenRow::Unknown { epoch } => Some((epoch.get(), None)),
        TokenRow::Made(made) => {
            let json = made.metadata.map(|metadata| metadata.as_json().to_owned());
            Some((made.epoch.get(), json))
        }
    })
}

#[test]
fn older_forms_read() {
    let json = r#"{"a":"b"}"#;
    for (text, metadata) in [("", None), (json, Some(json.to_owned()))] {
        // Before grants could be revoked, every token was in its first epoch.
        let first = [b"\x01", text.as_bytes()].concat();
        assert_eq!(read(&first).unwrap(), Some((0, metadata.clone())));
        let second = [b"\x02\x00\0\0\0\0\0\0\x01\x02", text.as_bytes()].concat();
        assert_eq!(read(&second).unwrap(), Some((0x0102, metadata.clone())));
        let row = TokenRow2(TokenRow::Made(MadeToken {
            epoch: Epoch::new(0x0102),
            metadata: metadata.map(|json| (&Metadata::from_json(&json).unwrap()).into()),
            ..MadeToken::default()
        }));
        assert_eq!(*form::write(&row), second);
    }
    for bytes in [b"\x02\x01", b"\x03\x01"] {
        assert_eq!(read(bytes).unwrap(), None);
    }
    for bytes in [b"\x02\x02\0\0\0\0\0\0\0\x03", b"\x03\x02\0\0\0\0\0\0\0\x03"] {
        assert_eq!(read(bytes).unwrap(), Some((3, None)));
    }
    // None of the three, cut short, too long, not text, of a version to come.
    for other in [
        &b"\x02\x03"[..],
        b"\x02",
        b"\x02\x02\0\0\0\0\0\0\0",
        b"\x02\x02\0\0\0\0\0\0\0\x03{}",
        b"\x02\x00\0\0\0\0\0\0\x01",
        b"\x02\x01\x00",
        b"\x02\x00\0\0\0\0\0\0\0\x01\xff",
        b"\x03\x03",
        b"\x03\x01\x00",
        b"\x04\x01",
        b"",
    ] {
        assert!(read(other).is_err(), "{other:?}");
    }
}

#[test]
fn metadata_is_parsed_for_those_who_ask() {
    let stored = StoredMetadata::from_row(r#"{"a":"b"}"#);
    assert_eq!(stored.parse().unwrap().as_json(), stored.as_json());
    let error = StoredMetadata::from_row("[").parse().unwrap_err();
    assert!(matches!(error, VaultError::Corrupt));
}

#[test]
fn all_that_is_known_about_a_token_comes_back() {
    let time = |millis| Some(UnixMillis::new(millis));
    for (kind, mask) in [
        (Some(ValueKind::CardNumber), Some("Visa \u{2022} 1111")),
        (None, None),
    ] {
        let written = MadeToken {
            epoch: Epoch::new(7),
            metadata: kind.map(|_| (&Metadata::string()).into()),
            created_at: time(1),
            kind,
            expires_at: kind.and(time(2)),
            reads: kind.and(Reads::new(3)),
            value: Some(AboutValue {
                size: 16,
                mask: mask.map(|text| Mask::from_stored(text.as_bytes()).unwrap()),
            }),
        };
        let bytes = form::write(&TokenRow::Made(written.clone()));
        let TokenRow::Made(read) = form::read(&bytes).unwrap() else {
            panic!("another row");
        };
        let facts = |made: &MadeToken| {
            let value = made.value.as_ref();
            let mask =
                value.and_then(|value| value.mask.as_ref().map(|mask| mask.as_text().to_owned()));
            let json = made.metadata.as_ref().map(|json| json.as_json().to_owned());
            let size = value.map(|value| value.size);
            (
                made.epoch,
                json,
                made.created_at,
                made.kind,
                made.expires_at,
                made.reads,
                size,
                mask,
            )
        };
        assert_eq!(facts(&read), facts(&written));
        for length in 0..bytes.len().min(40) {
            assert!(form::read::<TokenRow>(&bytes[..length]).is_err());
        }
    }
}
