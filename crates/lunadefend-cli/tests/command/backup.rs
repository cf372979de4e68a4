//! Backups of a running `lunadefend serve`, and what is restored from them.

use crate::server::{Server, lunadefend};
use lunadefend_core::{
    SessionId,
    provider::{TokenId, UnixMillis},
    wire::{Metadata, ReadId},
};
use lunadefend_jwt::SystemClock;
use lunadefend_vault::{Found, Vault};
use lunadefend_vault_redb::open_embedded;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

const SOCKET: &str = "LUNADEFEND_ADMIN_SOCKET";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn serve(&self) -> Server {
        let settings = [
            (SOCKET, &*self.text("admin")),
            ("LUNADEFEND_DELETIONS_FILE", &*self.text("deletions")),
        ];
        Server::start_with(self.folder.path(), &settings)
    }

    /// Runs a command; whether it succeeded, and all that it printed. A word that begins with `@` is a file here.
    fn run(&self, line: &str) -> (bool, String) {
        let mut command: Command = lunadefend();
        for word in line.split(' ') {
            match word.strip_prefix('@') {
                Some(file) => command.arg(self.at(file)),
                None => command.arg(word),
            };
        }
        let output = command.env(SOCKET, self.at("admin")).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    }

    fn well(&self, line: &str) -> String {
        let (well, text) = self.run(line);
        assert!(well, "{line}: {text}");
        text
    }

    fn refused(&self, line: &str, words: &str) {
        let (well, text) = self.run(line);
        assert!(!well && text.contains(words), "{line}: {text}");
    }

    /// Gives the store of that name the master key of the first one.
    fn give_key(&self, name: &str) {
        let key = self.at(&format!("{name}.key"));
        fs::copy(self.at("tokens.redb.key"), key).unwrap();
    }
}

/// The value of a token in a store that nobody serves; `None` when it is refused.
async fn value(vault: &Vault, token: &TokenId) -> Option<Vec<u8>> {
    let reader = SessionId::new("reader").unwrap();
    let granted = vault.grant(&reader, token, UnixMillis::MAX).await;
    granted.unwrap();
    let read = ReadId::new([7; 16]);
    let found = vault.read_values(&reader, std::slice::from_ref(token), read, 1 << 20);
    match found.await.unwrap().pop().unwrap() {
        Found::Value { value, .. } => Some(value.expose_secret().to_vec()),
        Found::Download { ticket, .. } => {
            let mut download = vault.open_download(&ticket).await.unwrap().unwrap();
            let mut value = Vec::new();
            while let Some(chunk) = download.next_chunk().await.unwrap() {
                value.extend_from_slice(&chunk);
            }
            Some(value)
        }
        Found::Refused => None,
    }
}

async fn opened(path: &Path) -> Vault {
    let opened = open_embedded(path, None, Arc::new(SystemClock)).await;
    opened.unwrap().vault
}

/// Values that were acknowledged, in their order.
type Acknowledged = Arc<Mutex<Vec<(TokenId, String)>>>;

/// Stores values until it is told to stop; each fifth of them is long.
async fn write_on(server: &Server, known: &Acknowledged, stop: &Arc<AtomicBool>, number: usize) {
    let client = server.client();
    let session = SessionId::new("writer").unwrap();
    for count in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let length = if count % 5 == 0 { 150_000 } else { 10 };
        let value = format!("{number}-{count}-{}", "x".repeat(length));
        let metadata = Metadata::string();
        let tokenizer = client.tokenizer();
        let token = tokenizer.tokenize_text(&session, &value, &metadata);
        let token = TokenId::parse(token.await.unwrap().expose_id()).unwrap();
        known.lock().unwrap().push((token, value));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn backups_under_load_have_all_that_was_acknowledged_and_nothing_that_was_deleted() {
    const BACKUPS: usize = 4;
    let place = Arc::new(Place::new());
    let server = place.serve();
    let (known, stop) = (Acknowledged::default(), Arc::new(AtomicBool::new(false)));
    let mut rounds = Vec::new();
    let writers = futures_util::future::join_all(
        (0..4).map(|number| write_on(&server, &known, &stop, number)),
    );
    let backups = async {
        for round in 0..BACKUPS {
            // A token of before the backup is deleted after it.
            let count = || known.lock().unwrap().len();
            let least = count() + 20;
            while count() < least {
                tokio::task::yield_now().await;
            }
            let before = known.lock().unwrap().clone();
            let gone = before[before.len() - 1 - round].0.clone();
            let here = Arc::clone(&place);
            let deleted = gone.expose_id().to_owned();
            let run = tokio::task::spawn_blocking(move || {
                let told = here.well(&format!("backup @backup{round}"));
                assert!(told.contains("MASTER KEY IS NOT IN IT"), "{told}");
                here.well(&format!("token delete --yes {deleted}"));
            });
            run.await.unwrap();
            rounds.push((before, gone));
        }
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(writers, backups);
    assert!(server.stop());

    for (round, (before, gone)) in rounds.iter().enumerate() {
        let store = format!("restored{round}.redb");
        place.give_key(&store);
        place.give_key(&format!("backup{round}"));
        let told = place.well(&format!("store check @backup{round}"));
        assert!(told.ends_with("\n0 findings\n"), "{told}");
        let told = place.well(&format!(
            "restore @backup{round} --to @{store} --deletions @deletions"
        ));
        assert!(told.contains("4 listed deletions were applied"), "{told}");
        let told = place.well(&format!("store check @{store}"));
        assert!(told.ends_with("\n0 findings\n"), "{told}");
        let vault = opened(&place.at(&store)).await;
        let mut left = 0;
        for (token, expected) in before {
            let is_deleted = rounds.iter().any(|(_, gone)| gone == token);
            let found = value(&vault, token).await;
            let expected = (!is_deleted).then_some(expected.as_bytes());
            assert!(found.as_deref() == expected, "{round}: {is_deleted}");
            left += usize::from(!is_deleted);
        }
        assert!(left >= 16 && before.iter().any(|(token, _)| token == gone));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_whole_backup_is_no_store() {
    let place = Place::new();
    let server = place.serve();
    let session = SessionId::new("ann").unwrap();
    let metadata = Metadata::string();
    let client = server.client();
    let token = client
        .tokenizer()
        .tokenize_text(&session, "078-05-1120", &metadata);
    let token = TokenId::parse(token.await.unwrap().expose_id()).unwrap();
    place.well("backup @backup");
    place.refused("backup @backup", "is there already");
    place.refused("backup @no/folder/backup", "cannot write into");
    place.refused("store check @tokens.redb", "in use by another process");
    place.refused("store compact @tokens.redb", "in use by another process");
    assert!(server.stop());
    place.refused("backup @another", "no tokenizer answers");
    let left: Vec<_> = fs::read_dir(place.folder.path()).unwrap().collect();
    let names = left.into_iter().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    // Nothing of what failed is left.
    assert_eq!(
        names,
        ["backup", "deletions", "tokens.redb", "tokens.redb.key"]
    );

    // Whoever restores says what is to come back.
    place.refused("restore @backup --to @new.redb", "--without-deletions");
    let with = "--deletions @deletions";
    place.refused(
        &format!("restore @backup --to @new.redb {with}"),
        "<file>.key",
    );
    place.give_key("new.redb");
    place.refused(
        "restore @backup --to @new.redb --deletions @none",
        "cannot read the list",
    );
    let whole = fs::read(place.at("backup")).unwrap();
    for length in [0, 19, 20, whole.len() / 2, whole.len() - 1] {
        fs::write(place.at("cut"), &whole[..length]).unwrap();
        let (well, _) = place.run(&format!("restore @cut --to @cut.redb {with}"));
        assert!(!well && !place.at("cut.redb").exists(), "{length}");
    }
    let refusal = "store check @cut";
    place.refused(refusal, "damaged or was cut off");
    place.refused("store check @none", "is no file");
    place.refused("store compact @none", "No such file");
    place.refused(
        "store compact postgres",
        "only the file of an embedded store",
    );
    // Checksums need no key.
    assert!(
        place
            .well("store check @backup")
            .contains("were not opened")
    );

    let told = place.well("restore @backup --to @new.redb --without-deletions");
    assert!(told.contains("comes back"), "{told}");
    place.refused(
        &format!("restore @backup --to @new.redb {with}"),
        "not empty",
    );
    let told = place.well("store compact @new.redb");
    assert!(told.contains(" bytes, "), "{told}");
    assert!(
        place
            .well("store check @new.redb")
            .ends_with("\n0 findings\n")
    );
    let vault = opened(&place.at("new.redb")).await;
    assert_eq!(value(&vault, &token).await.unwrap(), b"078-05-1120");
    assert!(vault.restored_at().is_some());
    drop(vault);
    // By other means: a copy of the file while nobody serves it.
    place.give_key("copy.redb");
    fs::copy(place.at("tokens.redb"), place.at("copy.redb")).unwrap();
    place.refused("store restored @copy.redb", "--without-deletions");
    place.refused("store restored @none --deletions @deletions", "is no file");
    let told = place.well("store restored @copy.redb --deletions @deletions");
    assert!(told.contains("is refused"), "{told}");
    assert!(opened(&place.at("copy.redb")).await.restored_at().is_some());
}

/// A deletion that cannot be listed is refused, and the value stays.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn no_list_no_deletion() {
    let place = Place::new();
    fs::write(place.at("deletions"), "").unwrap();
    let server = place.serve();
    let session = SessionId::new("ann").unwrap();
    let metadata = Metadata::string();
    let client = server.client();
    let token = client
        .tokenizer()
        .tokenize_text(&session, "078-05-1120", &metadata);
    let token = token.await.unwrap();
    let id = token.expose_id();
    // The list may not grow; the file of the store is as large already as it needs to be.
    server.limit_files(Some(10));
    place.refused(
        &format!("token delete --yes {id}"),
        "cannot write its list of deletions",
    );
    server.limit_files(None);
    assert!(
        place
            .well(&format!("token describe {id}"))
            .contains("11 bytes")
    );
    place.well(&format!("token delete --yes {id}"));
    let list = fs::read_to_string(place.at("deletions")).unwrap();
    assert_eq!(list.lines().count(), 1);
    assert!(list.ends_with('\n') && !list.contains(id));
}
