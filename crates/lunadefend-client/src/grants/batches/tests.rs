use super::*;
use lunadefend_core::{
    SessionId,
    provider::UnixMillis,
    wire::{BatchOperation, from_slice, to_vec},
};
use proptest::prelude::*;

/// The verdicts that a batch is answered with: a grant until then, or none.
type Verdicts = Vec<Option<u64>>;

fn batch(id: u8, count: usize) -> GrantBatch {
    let session = SessionId::new("session-abc").unwrap();
    let item = |number: usize| {
        let token = format!("lunasec-00000000-0000-4000-8000-{number:012}");
        GrantItem::new(&session, &TokenId::parse(&token).unwrap(), None)
    };
    GrantBatch {
        batch_id: BatchId::new([id; 16]),
        items: (0..count).map(item).collect(),
    }
}

fn binding(
    operation: BatchOperation,
    batch: &GrantBatch,
    index: usize,
    verdict: Option<u64>,
) -> Binding {
    let place = BatchPlace {
        operation,
        batch: batch.batch_id,
        index: u32::try_from(index).unwrap(),
    };
    let item = &batch.items[index];
    let session = item.session_id.expose_secret();
    Binding::of(
        place,
        session,
        &item.token_id,
        verdict.map(UnixMillis::new),
        sha256,
    )
}

fn honest(batch: &GrantBatch, verdicts: &[Option<u64>]) -> BatchAnswer<VerifiedItem> {
    let items = verdicts.iter().enumerate();
    BatchAnswer {
        batch_id: batch.batch_id,
        items: items
            .map(|(index, verdict)| VerifiedItem {
                binding: binding(BatchOperation::Verify, batch, index, *verdict),
                expires_at: verdict.map(UnixMillis::new),
            })
            .collect(),
    }
}

/// The hash of the test vector in `docs/wire-level-2.md`.
#[test]
fn the_binding_of_the_vector() {
    let place = |operation| BatchPlace {
        operation,
        batch: BatchId::new(std::array::from_fn(|index| u8::try_from(index).unwrap())),
        index: 2,
    };
    let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    let of = |operation, expires_at: Option<u64>| {
        let expires_at = expires_at.map(UnixMillis::new);
        Binding::of(place(operation), "session-abc", token, expires_at, sha256).to_string()
    };
    let granted = Some(1_700_000_900_000);
    assert_eq!(
        of(BatchOperation::Verify, granted),
        "UUNTZLxSEi4nmzxzMeve6RHdjtEKEIGtLoJxVmHXk64"
    );
    assert_eq!(
        of(BatchOperation::Set, granted),
        "-he4mrRWqKh2oNfdOQ4cwzXKzHRp8hZsXrW1sAsMFfg"
    );
    assert_eq!(
        of(BatchOperation::Verify, None),
        "En86FKuXFkVek-Lt8ZqeHgeZXZ9x0bYziw9wdmh7nD4"
    );
}

#[test]
fn an_answer_to_another_question_is_none() {
    let asked = batch(1, 3);
    let verdicts = [Some(7), None, Some(7)];
    let answer = || honest(&asked, &verdicts);
    let items = check(&asked, answer()).unwrap();
    let read: Verdicts = items
        .iter()
        .map(|item| item.expires_at.map(UnixMillis::get))
        .collect();
    assert_eq!(read, verdicts);

    let refused = |name: &str, expected: BadBatch, lie: &dyn Fn(&mut BatchAnswer<VerifiedItem>)| {
        let mut answer = answer();
        lie(&mut answer);
        assert_eq!(check(&asked, answer).unwrap_err(), expected, "{name}");
    };
    refused("another batch", BadBatch::Batch, &|answer| {
        *answer = honest(&batch(2, 3), &verdicts);
    });
    refused("bindings of another batch", BadBatch::Item, &|answer| {
        answer.items = honest(&batch(2, 3), &verdicts).items;
    });
    refused("bindings of another operation", BadBatch::Item, &|answer| {
        answer.items[0].binding = binding(BatchOperation::Set, &asked, 0, Some(7));
    });
    refused("swapped", BadBatch::Item, &|answer| answer.items.swap(0, 2));
    refused("verdicts paired wrongly", BadBatch::Item, &|answer| {
        answer.items[1].expires_at = Some(UnixMillis::new(7));
        answer.items[0].expires_at = None;
    });
    refused("a later expiry", BadBatch::Item, &|answer| {
        answer.items[0].expires_at = Some(UnixMillis::new(8));
    });
    refused("a no that became a yes", BadBatch::Item, &|answer| {
        answer.items[1].expires_at = Some(UnixMillis::new(0));
    });
    refused("dropped", BadBatch::Length, &|answer| {
        answer.items.remove(1);
    });
    refused("the last dropped", BadBatch::Length, &|answer| {
        answer.items.pop();
    });
    refused("doubled", BadBatch::Length, &|answer| {
        let first = answer.items[0];
        answer.items.insert(0, first);
    });
    refused("one in the place of another", BadBatch::Item, &|answer| {
        answer.items[2] = answer.items[0];
    });
    refused("empty", BadBatch::Length, &|answer| answer.items.clear());
}

#[test]
fn a_refused_grant_has_the_kind_that_level_1_gives_it() {
    for (name, kind) in [
        ("sessionEnded", ErrorKind::SessionEnded),
        ("grantDuration", ErrorKind::GrantDuration),
        ("badItem", ErrorKind::GrantCreation),
        ("canary", ErrorKind::GrantCreation),
        ("", ErrorKind::GrantCreation),
    ] {
        let error = refused(name);
        assert_eq!(error.kind(), kind, "{name}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(
            !cause.contains("canary"),
            "the tokenizer's text is not repeated"
        );
    }
}

proptest! {
    /// Whatever is exchanged, left out or repeated: an answer passes only unchanged.
    #[test]
    fn only_the_whole_answer_in_its_order_passes(
        verdicts in prop::collection::vec(prop::option::of(0..5_u64), 1..8),
        picks in prop::collection::vec(0..8_usize, 1..8),
    ) {
        let asked = batch(1, verdicts.len());
        let mut answer = honest(&asked, &verdicts);
        let picks: Vec<_> = picks.iter().map(|pick| pick % verdicts.len()).collect();
        answer.items = picks.iter().map(|pick| answer.items[*pick]).collect();
        let is_whole = picks.iter().copied().eq(0..verdicts.len());
        prop_assert_eq!(check(&asked, answer).is_ok(), is_whole);
    }

    /// As it goes over the wire: no changed byte of a verdict or a binding makes another answer.
    #[test]
    fn no_changed_byte_passes_as_another_verdict(at in 0..400_usize, byte in b' '..=b'~') {
        let asked = batch(1, 2);
        let verdicts = [Some(1_700_000_900_000), None];
        let mut body = to_vec(&honest(&asked, &verdicts));
        let at = at % body.len();
        body[at] = byte;
        let read = from_slice::<BatchAnswer<VerifiedItem>>(&body, wire::RESPONSE);
        if let Ok(items) = read.map_err(|_| ()).and_then(|answer| check(&asked, answer).map_err(|_| ())) {
            let read: Verdicts = items.iter().map(|item| item.expires_at.map(UnixMillis::get)).collect();
            prop_assert_eq!(read, verdicts);
        }
    }
}
