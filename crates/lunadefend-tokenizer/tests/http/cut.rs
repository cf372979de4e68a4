//! Uploads that are cut: after the sweep nothing of them is left, neither a row nor a part.

use crate::{
    harness::{Harness, ORIGIN, SESSION, builder},
    jwt::APPLICATION_KEY,
};
use lunadefend_testing::http::PATIENCE;
use lunadefend_tokenizer::VerificationKeys;
use lunadefend_vault::store::{Blob, MemoryStore, Store, Table};
use lunadefend_vault_redb::EmbeddedStore;
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::yield_now, time::timeout};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How many rows and parts a store has.
async fn count(store: &dyn Store) -> (usize, u32) {
    let (mut rows, mut parts) = (0, 0);
    // The lease of whoever deletes is none of theirs.
    for table in Table::ALL
        .into_iter()
        .filter(|table| *table != Table::Upkeep)
    {
        rows += store.scan(table, None, 1000).await.unwrap().len();
    }
    for id in store.list(None, 100).await.unwrap() {
        let blob = Blob { id, part_bytes: 0 };
        let mut part = 0;
        while store.read(blob, part).await.unwrap().is_some() {
            part += 1;
        }
        parts += part;
    }
    (rows, parts)
}

/// Waits for what another task does.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it never happens");
}

#[derive(Clone, Copy)]
enum Cut {
    /// The sender ends the connection.
    End,
    /// It is reset, as by a process that dies.
    Reset,
}

async fn begin(harness: &Harness, framing: &str) -> TcpStream {
    let (_, upload) = harness.tokenize(SESSION).await;
    let mut connection = harness.connect().await;
    let head = format!("PUT {upload} HTTP/1.1\r\nHost: x\r\n{framing}");
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![7; 1024 * 1024]).await.unwrap();
    connection
}

#[tokio::test]
async fn a_cut_upload_leaves_nothing_behind_after_the_sweep() {
    let stores: [Arc<dyn Store>; 2] = [
        Arc::new(MemoryStore::default()),
        Arc::new(EmbeddedStore::in_memory().unwrap()),
    ];
    for store in stores {
        let keys = VerificationKeys::Public(APPLICATION_KEY.public_key().clone());
        let harness = Harness::with_store(builder(ORIGIN, keys), Arc::clone(&store)).await;
        let before = count(&*store).await;
        assert_eq!(before.1, 0);
        for framing in [
            "Content-Length: 2097152\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n200000\r\n",
        ] {
            for cut in [Cut::End, Cut::Reset] {
                let mut connection = begin(&harness, framing).await;
                until(async || count(&*store).await.1 > 8).await;
                match cut {
                    Cut::End => {
                        connection.shutdown().await.unwrap();
                        let _ = crate::harness::read_to_end(&mut connection).await;
                    }
                    Cut::Reset => connection.set_zero_linger().unwrap(),
                }
                drop(connection);
                harness.clock.advance(2 * DAY);
                until(async || {
                    harness.purge().await;
                    count(&*store).await == before
                })
                .await;
            }
        }
    }
}

/// Whoever cut it may begin again at once, and the value is stored then.
#[tokio::test]
async fn after_a_cut_the_same_url_takes_the_value() {
    let harness = Harness::start().await;
    let (token, upload) = harness.tokenize(SESSION).await;
    let mut connection = harness.connect().await;
    let head = format!("PUT {upload} HTTP/1.1\r\nHost: x\r\nContent-Length: 2097152\r\n\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![7; 1024 * 1024]).await.unwrap();
    connection.shutdown().await.unwrap();
    let _ = crate::harness::read_to_end(&mut connection).await;
    let put = harness.send(http::Method::PUT, &upload, &[], "whole").await;
    assert_eq!(put.status, 200, "{}", put.text());
    let url = harness.detokenize(SESSION, &token).await;
    assert_eq!(harness.get(&url, &[]).await.text(), "whole");
}
