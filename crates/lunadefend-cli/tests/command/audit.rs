//! The audit log of a `lunadefend serve`, and what an operator finds in it.

use crate::{
    refused,
    server::{Server, lunadefend},
};
use lunadefend_core::{ErrorKind, SessionId, VerifiedToken, wire::Metadata};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const VALUE: &[u8] = b"078-05-1120";

struct Log {
    folder: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("audit.log")
    }

    fn serve(&self) -> Server {
        let path = self.path();
        let settings = [
            ("LUNADEFEND_AUDIT", path.to_str().unwrap()),
            ("LUNADEFEND_AUDIT_KEY", KEY),
        ];
        Server::start_with(self.folder.path(), &settings)
    }

    /// Runs `lunadefend audit`; whether it succeeded, and all that it printed.
    fn audit(arguments: &[&str], files: &[&Path], stdin: &str) -> (bool, String) {
        let mut child = lunadefend()
            .arg("audit")
            .args(arguments)
            .args(files)
            .env("LUNADEFEND_AUDIT_KEY", KEY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut to = child.stdin.take().unwrap();
        to.write_all(stdin.as_bytes()).unwrap();
        drop(to);
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    }
}

fn session() -> SessionId {
    SessionId::new("ann").unwrap()
}

async fn stored(server: &Server) -> VerifiedToken {
    let client = server.client();
    let api = client.tokenizer();
    let token = api.tokenize(&session(), VALUE, &Metadata::string()).await;
    token.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_finds_who_had_a_value_and_whoever_changed_the_log() {
    let log = Log::new();
    let server = log.serve();
    let token = stored(&server).await;
    let other = stored(&server).await;
    let client = server.client();
    let read = client.tokenizer().detokenize(&session(), &token).await;
    assert_eq!(read.unwrap().expose_secret(), VALUE);
    let heads = log.folder.path().join("heads");
    fs::write(&heads, server.stop_and_read()).unwrap();
    let path = log.path();
    let heads = heads.to_str().unwrap();

    let (well, text) = Log::audit(&["verify", "--heads", heads], &[&path], "");
    assert!(well, "{text}");
    assert!(
        text.contains("lines of 1 processes are as they were written"),
        "{text}"
    );
    let (well, text) = Log::audit(&["who", "-"], &[&path], token.expose_id());
    assert!(well, "{text}");
    let acts: Vec<_> = ["tokenize", "detokenize"]
        .map(|act| text.matches(&format!("  {act} by user, session ")).count())
        .into();
    assert_eq!(acts, [1, 1], "{text}");
    assert!(!text.contains(token.expose_id()));
    let (well, text) = Log::audit(&["who", "--json", "-"], &[&path], other.expose_id());
    assert!(well && !text.contains("\"detokenize\""), "{text}");
    let (well, text) = Log::audit(&["who", "canary"], &[&path], "");
    assert!(!well && !text.contains("canary"), "{text}");

    let written = fs::read_to_string(&path).unwrap();
    for canary in [token.expose_id(), "ann", KEY, "078-05-1120"] {
        assert!(!written.contains(canary));
    }
    let changed = written.replacen("\"user\"", "\"frame\"", 1);
    let cut: String = written.split_inclusive('\n').take(2).collect();
    for (bad, why) in [
        (&changed, "audit.log: line 2: it was changed or forged"),
        (&cut, "the end is cut off"),
    ] {
        fs::write(&path, bad).unwrap();
        let (well, text) = Log::audit(&["verify", "--heads", heads], &[&path], "");
        assert!(!well && text.contains(why), "{text}");
    }
}

/// A real write that fails, of a file that may not grow.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_lets_no_value_out() {
    let log = Log::new();
    let server = log.serve();
    let token = stored(&server).await;
    let client = server.client();
    let length = fs::metadata(log.path()).unwrap().len();
    server.limit_files(Some(length + 100));
    for _ in 0..5 {
        let read = client.tokenizer().detokenize(&session(), &token).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::TokenizerUnavailable);
    }
    server.limit_files(None);
    let read = client.tokenizer().detokenize(&session(), &token).await;
    assert_eq!(read.unwrap().expose_secret(), VALUE);
    assert!(server.stop());
    let (well, text) = Log::audit(&["verify"], &[&log.path()], "");
    assert!(well && !text.contains("unfinished"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_leaves_a_log_that_the_next_one_goes_on_in() {
    let log = Log::new();
    for _ in 0..2 {
        let server = log.serve();
        stored(&server).await;
        server.kill_9();
    }
    let (well, text) = Log::audit(&["verify"], &[&log.path()], "");
    assert!(well && text.contains("of 2 processes"), "{text}");
    assert_eq!(text.matches("no end of a process").count(), 2, "{text}");
}

#[test]
fn half_a_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let path = path.to_str().unwrap();
    for (environment, why) in [
        (
            &[("LUNADEFEND_AUDIT", path)][..],
            "LUNADEFEND_AUDIT_KEY is not set",
        ),
        (
            &[("LUNADEFEND_AUDIT_KEY", KEY)],
            "LUNADEFEND_AUDIT is not set",
        ),
        (
            &[
                ("LUNADEFEND_AUDIT", path),
                ("LUNADEFEND_AUDIT_KEY", "canary"),
            ],
            "64 hexadecimal digits",
        ),
        (
            &[
                ("LUNADEFEND_AUDIT", "/none/audit.log"),
                ("LUNADEFEND_AUDIT_KEY", KEY),
            ],
            "cannot write the audit log /none/audit.log",
        ),
    ] {
        let settings = crate::server::settings();
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .chain(environment.iter().copied())
            .collect();
        let text = refused(folder.path(), &settings);
        assert!(text.contains(why) && !text.contains("canary"), "{text}");
    }
}

/// The lines in stdout are among others, and the heads are beside them in stderr.
#[tokio::test(flavor = "multi_thread")]
async fn a_collected_stdout_is_verified_too() {
    let log = Log::new();
    let settings = [
        ("LUNADEFEND_AUDIT", "stdout"),
        ("LUNADEFEND_AUDIT_KEY", KEY),
    ];
    let heads = log.folder.path().join("log");
    let mut command = Server::serve(log.folder.path(), &settings);
    command.stderr(fs::File::create(&heads).unwrap());
    let server = Server::start_command(command);
    stored(&server).await;
    let collected = server.stop_and_read();
    fs::write(log.path(), &collected).unwrap();
    let heads = heads.to_str().unwrap();
    let verify = ["verify", "--mixed", "--heads", heads];
    let (well, text) = Log::audit(&verify, &[&log.path()], "");
    assert!(well, "{text}");
    // Without being asked it skips nothing.
    let (well, text) = Log::audit(&["verify"], &[&log.path()], "");
    assert!(!well && text.contains("it is no line"), "{text}");
    let cut = collected.rsplit_once("{\"audit\"").unwrap().0;
    fs::write(log.path(), cut).unwrap();
    let (well, text) = Log::audit(&verify, &[&log.path()], "");
    assert!(!well && text.contains("the end is cut off"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn there_is_no_start_without_the_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("LUNADEFEND_AUDIT", "stdout"),
        ("LUNADEFEND_AUDIT_KEY", KEY),
        // Else it says before where it keeps one.
        ("LUNADEFEND_MASTER_KEY", KEY),
    ];
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = Server::serve(folder.path(), &settings);
    let output = command.stdout(full.unwrap()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        text.contains("the first line of the audit log cannot be written"),
        "{text}"
    );
    assert!(!text.contains("panicked"), "{text}");
}
