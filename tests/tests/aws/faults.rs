//! What AWS does and moto does not: throttling, conflicts of transactions, answers for a part, answers that get lost.

use bytes::Bytes;
use lunadefend_tests::{Act, Fault, Moto, Proxy, http1::Message, http1::answer, options_at};
use lunadefend_vault::store::{
    Batch, Blob, BlobId, Blobs, Change, Row, RowAddress, RowKey, Rows, StoreError, Table,
    UnixMillis, Write, WriteId, WriteOutcome,
};
use lunadefend_vault_aws::{AwsOptions, AwsStore};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

/// A store behind a line that a test can spoil.
struct Spoiled {
    proxy: Proxy,
    options: AwsOptions,
}

impl Spoiled {
    async fn start(name: &str) -> Option<Self> {
        let moto = Moto::shared()?;
        AwsStore::create(&moto.named(name, name)).await.unwrap();
        let proxy = Proxy::start(2).await;
        proxy.lead_to(moto.address());
        let options = options_at(name, name, &proxy.url(), &proxy.url());
        Some(Self { proxy, options })
    }

    async fn open(&self) -> AwsStore {
        AwsStore::open(&self.options).await.unwrap()
    }

    /// Does so with the first requests of an action, and with no other ones.
    fn spoil(
        &self,
        action: &'static str,
        first: usize,
        fault: impl Fn() -> Fault + Send + Sync + 'static,
    ) {
        let met = AtomicUsize::new(0);
        self.proxy.plan(move |_, request| {
            match is(request, action) && met.fetch_add(1, Ordering::SeqCst) < first {
                true => fault(),
                false => Fault::Pass,
            }
        });
    }

    fn count(&self, action: &str) -> usize {
        let requests = self.proxy.requests();
        requests
            .iter()
            .filter(|request| is(request, action))
            .count()
    }
}

/// Whether a request is this action of DynamoDB, or has this method at S3.
fn is(request: &Message, action: &str) -> bool {
    match request.header("x-amz-target").split_once('.') {
        Some((_, target)) => target == action,
        None => request.start.starts_with(action),
    }
}

fn says(status: u16, body: &Value) -> Fault {
    let headers = "content-type: application/x-amz-json-1.0\r\n";
    Fault::Instead(Act::Send(answer(status, headers, body.to_string())))
}

fn refusal(code: &'static str) -> impl Fn() -> Fault + Send + Sync + 'static {
    move || {
        let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
        says(400, &json!({"__type": code, "message": "canary"}))
    }
}

/// The transaction is cancelled for these reasons.
fn cancelled(reasons: &'static [&'static str]) -> impl Fn() -> Fault + Send + Sync + 'static {
    move || {
        let reasons: Vec<_> = reasons.iter().map(|code| json!({"Code": code})).collect();
        let code = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
        says(
            400,
            &json!({"__type": code, "Message": "m", "CancellationReasons": reasons}),
        )
    }
}

fn lost() -> Fault {
    Fault::Spoil(|_| Act::Reset(Vec::new()))
}

fn at(number: u8) -> RowAddress {
    RowAddress {
        table: Table::Token,
        key: RowKey::new([number; 32]),
    }
}

fn insertions(id: u8, rows: &[u8]) -> Batch {
    let writes = rows.iter().map(|row| Write {
        at: at(*row),
        change: Change::Insert(Row::lasting(Bytes::from(vec![id; 3]))),
    });
    Batch::new(WriteId::new([id; 16]), writes.collect()).unwrap()
}

async fn held(store: &AwsStore, row: u8) -> Option<WriteId> {
    let rows = store.get_many(&[at(row)]).await.unwrap();
    rows[0].as_ref().map(|held| held.written_by)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_table_is_waited_for() {
    let Some(spoiled) = Spoiled::start("busy").await else {
        return;
    };
    let store = spoiled.open().await;
    for (number, code) in [
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionConflictException",
        "InternalServerError",
    ]
    .into_iter()
    .enumerate()
    {
        let number = number as u8;
        let fault = move || match code {
            "InternalServerError" => says(500, &json!({"__type": code})),
            code => refusal(code)(),
        };
        spoiled.spoil("PutItem", 2, fault);
        let written = store.write(&insertions(number, &[number]), NOW).await;
        assert_eq!(written.unwrap(), WriteOutcome::Applied, "{code}");
        spoiled.spoil("GetItem", 2, fault);
        assert!(held(&store, number).await.is_some(), "{code}");
    }
    for (number, reasons) in [
        &["None", "TransactionConflict"][..],
        &["ThrottlingError", "None"],
        &["ProvisionedThroughputExceeded", "ConditionalCheckFailed"],
    ]
    .into_iter()
    .enumerate()
    {
        let rows = [100 + number as u8, 110 + number as u8];
        spoiled.spoil("TransactWriteItems", 3, cancelled(reasons));
        let written = store.write(&insertions(rows[0], &rows), NOW).await;
        assert_eq!(written.unwrap(), WriteOutcome::Applied, "{reasons:?}");
    }
}

/// The repetition finds what the first attempt did, and does nothing twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_no_conflict() {
    let Some(spoiled) = Spoiled::start("lost").await else {
        return;
    };
    let store = spoiled.open().await;
    for (action, rows) in [("PutItem", &[1][..]), ("TransactWriteItems", &[2, 3])] {
        spoiled.spoil(action, 1, lost);
        let batch = insertions(rows[0], rows);
        let written = store.write(&batch, NOW).await.unwrap();
        assert_eq!(written, WriteOutcome::Applied, "{action}");
        assert_eq!(spoiled.count(action), 2, "{action}");
        spoiled.proxy.mend();
        // Somebody else's is one.
        let other = store.write(&insertions(99, rows), NOW).await.unwrap();
        assert_eq!(other, WriteOutcome::Conflict, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_without_an_answer_are_asked_for_again() {
    let Some(spoiled) = Spoiled::start("partly").await else {
        return;
    };
    let store = spoiled.open().await;
    let rows: Vec<u8> = (0..40).collect();
    let written = store.write(&insertions(1, &rows), NOW).await;
    assert_eq!(written.unwrap(), WriteOutcome::Applied);
    // Each answer is for at most 15 of the keys.
    spoiled.proxy.plan(|_, request| {
        if !is(request, "BatchGetItem") {
            return Fault::Pass;
        }
        Fault::Spoil(|answered| {
            let text = String::from_utf8(answered).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let mut body: Value = serde_json::from_str(body).unwrap();
            let found = body["Responses"]["partly"].as_array_mut().unwrap();
            let rest: Vec<_> = found.split_off(found.len().min(15));
            let keys: Vec<_> = rest
                .iter()
                .map(|item| json!({"pk": item["pk"], "sk": item["sk"]}))
                .collect();
            if !keys.is_empty() {
                body["UnprocessedKeys"] = json!({"partly": {"Keys": keys, "ConsistentRead": true}});
            }
            assert!(head.starts_with("HTTP/1.1 200"));
            let headers = "content-type: application/x-amz-json-1.0\r\n";
            Act::Send(answer(200, headers, body.to_string()))
        })
    });
    let asked: Vec<_> = rows.iter().rev().map(|row| at(*row)).collect();
    let found = store.get_many(&asked).await.unwrap();
    assert!(found.iter().all(Option::is_some));
    assert_eq!(found.len(), 40);
    assert_eq!(spoiled.count("BatchGetItem"), 3);
}

/// Within the time of the call, with the right answer about what is known, and without what AWS says of the request.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_is_given_up_in_its_time() {
    let Some(spoiled) = Spoiled::start("never").await else {
        return;
    };
    let options = spoiled.options.clone().timeout(Duration::from_millis(300));
    let store = AwsStore::open(&options).await.unwrap();
    let batch = insertions(1, &[1]);
    for (fault, is_unknown) in [
        (
            Box::new(refusal("ThrottlingException")) as Box<dyn Fn() -> Fault + Send + Sync>,
            false,
        ),
        (Box::new(refusal("AccessDeniedException")), false),
        (Box::new(|| Fault::Instead(Act::Hang)), true),
        (Box::new(lost), true),
    ] {
        let fault = Arc::new(fault);
        let of_read = Arc::clone(&fault);
        spoiled.spoil("PutItem", usize::MAX, move || fault());
        let error = store.write(&batch, NOW).await.unwrap_err();
        match is_unknown {
            true => assert!(matches!(error, StoreError::Unknown(_)), "{error:?}"),
            false => assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}"),
        }
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        spoiled.spoil("GetItem", usize::MAX, move || of_read());
        let error = store.get_many(&[at(1)]).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
    // It goes on by itself.
    spoiled.proxy.mend();
    let written = store.write(&batch, NOW).await.unwrap();
    assert_eq!(written, WriteOutcome::Applied);
}

/// What moto would take, so that the suite of stores shows that we stay within the limits.
#[tokio::test(flavor = "multi_thread")]
async fn the_fake_has_the_limits_of_dynamodb() {
    let Some(moto) = Moto::shared() else { return };
    let put = |number: usize, length: usize| {
        let (key, value) = (format!("{number:04}"), "AAAA".repeat(length / 3));
        json!({"Put": {"TableName": "t", "Item": {"pk": {"B": "AAAA"}, "sk": {"B": key}, "v": {"B": value}}}})
    };
    for (items, expected) in [
        ((0..101).map(|number| put(number, 3)).collect(), "Too many"),
        (vec![put(1, 3), put(1, 3)], "multiple operations"),
        (
            (0..12)
                .map(|number| put(number, 400_000))
                .collect::<Vec<_>>(),
            "4 MB",
        ),
    ] {
        let said = moto
            .dynamodb("TransactWriteItems", &json!({"TransactItems": items}))
            .await;
        assert_eq!(said.status(), 400);
        assert!(said.text().contains(expected), "{}", said.text());
    }
}

/// A value in parts whose end is not acknowledged, and one whose part never arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_value_is_whole_or_an_error() {
    let Some(spoiled) = Spoiled::start("long-values").await else {
        return;
    };
    let store = spoiled.open().await;
    let blob = |number| Blob {
        id: BlobId::new([number; 32]),
        part_bytes: 64 * 1024,
    };
    let part = |number: u8| Bytes::from(vec![number; 64 * 1024]);
    let write = async |number: u8| {
        let mut writer = store.create(blob(number)).await?;
        for number in 0..100 {
            writer.write(part(number)).await?;
        }
        writer.finish().await
    };
    // The first answer to the end is lost; the second says that there is no such upload.
    spoiled.proxy.plan(|_, request| {
        let is_end = request.start.starts_with("POST") && request.target().contains("uploadId=");
        match is_end {
            true => lost(),
            false => Fault::Pass,
        }
    });
    write(1).await.unwrap();
    for number in [0, 57, 99] {
        let read = store.read(blob(1), number).await.unwrap();
        assert_eq!(read.unwrap(), part(number as u8));
    }

    spoiled.proxy.plan(
        |_, request| match request.target().contains("partNumber=2") {
            true => Fault::Instead(Act::Send(answer(
                403,
                "content-type: application/xml\r\n",
                "<Error><Code>AccessDenied</Code><Message>canary</Message></Error>",
            ))),
            false => Fault::Pass,
        },
    );
    let error = write(2).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    spoiled.proxy.mend();
    assert_eq!(store.read(blob(2), 0).await.unwrap(), None);
    // What is left of it is listed, and deleted.
    let listed = store.list(None, 10).await.unwrap();
    assert_eq!(listed, [blob(1).id, blob(2).id]);
    store.delete(blob(2).id).await.unwrap();
    assert_eq!(store.list(None, 10).await.unwrap(), [blob(1).id]);
    assert_eq!(store.list(Some(blob(1).id), 10).await.unwrap(), []);
}
