//! What an operator does about tokens and sessions, beside a `lunadefend serve`.

use crate::server::{Server, lunadefend};
use lunadefend_core::{
    SessionId, VerifiedToken,
    provider::{GrantService, TokenId, Verdict},
    wire::{Metadata, ValueKind},
};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const SOCKET: &str = "LUNADEFEND_ADMIN_SOCKET";

struct Operator {
    server: Server,
    socket: String,
    folder: tempfile::TempDir,
}

impl Operator {
    fn new(more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = path(folder.path());
        let settings = [&[(SOCKET, &*socket)], more].concat();
        Self {
            server: Server::start_with(folder.path(), &settings),
            socket,
            folder,
        }
    }

    /// Ends the tokenizer, and starts it again on its store with other settings.
    fn restart(self, more: &[(&str, &str)]) -> Self {
        assert!(self.server.stop());
        let settings = [&[(SOCKET, &*self.socket)], more].concat();
        Self {
            server: Server::start_with(self.folder.path(), &settings),
            ..self
        }
    }

    /// Runs a command with lines for its stdin; whether it succeeded, and all that it printed.
    fn run(&self, arguments: &[&str], stdin: &str) -> (bool, String) {
        let mut command: Command = lunadefend();
        let mut child = command
            .args(arguments)
            .env(SOCKET, &self.socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    }
}

fn path(folder: &Path) -> String {
    folder.join("admin").to_str().unwrap().to_owned()
}

async fn card(operator: &Operator, session: &SessionId) -> VerifiedToken {
    let client = operator.server.client();
    let metadata = Metadata::string();
    let tokenizer = client.tokenizer();
    let value = tokenizer.tokenize_text(session, "4111 1111 1111 1111", &metadata);
    value.kind(ValueKind::CardNumber).await.unwrap()
}

async fn verdict(operator: &Operator, session: &SessionId, token: &VerifiedToken) -> Verdict {
    let token = TokenId::parse(token.expose_id()).unwrap();
    let client = operator.server.client();
    client.verify_all(session, &[token]).await.unwrap()[0]
}

const NONE: &str = "lunasec-00000000-0000-4000-8000-000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_described_and_deleted() {
    let operator = Operator::new(&[]);
    let session = SessionId::new("ann").unwrap();
    let token = card(&operator, &session).await;
    let id = token.expose_id();

    let (well, text) = operator.run(&["token", "describe", id, NONE], "");
    assert!(well, "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("1  19 bytes, card-number, made "),
        "{text}"
    );
    assert_eq!(lines[1..], ["2  there is no such token"]);
    assert!(
        !text.contains("1111") && !text.contains("lunasec"),
        "{text}"
    );
    let (well, text) = operator.run(&["token", "describe", "--json", "-"], id);
    assert!(well, "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["tokenId"], id);
    assert_eq!(json["description"]["kind"], "card-number");
    assert_eq!(json["description"]["mask"], serde_json::Value::Null);

    // Nothing is done before all is right, and nobody is asked who is not there.
    let (well, text) = operator.run(&["token", "delete", "--yes", id, "4111"], "");
    assert!(!well && text.contains("number 2 is no token"), "{text}");
    assert!(!text.contains("4111"), "{text}");
    let (well, text) = operator.run(&["token", "delete", id], "y\n");
    assert!(!well && text.contains("give --yes"), "{text}");
    assert_eq!(verdict(&operator, &session, &token).await, Verdict::Valid);

    let (well, text) = operator.run(
        &["token", "delete", "--yes", "-"],
        &format!("{id}\n{NONE}\n"),
    );
    assert!(well, "{text}");
    assert_eq!(text, "2 tokens are not there any more\n");
    assert_ne!(verdict(&operator, &session, &token).await, Verdict::Valid);
    let (well, text) = operator.run(&["token", "describe", id], "");
    assert!(well && text == "1  there is no such token\n", "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tokenizer_is_told_holds_for_the_operator_too() {
    let told = [
        ("LUNADEFEND_MASKS", "application"),
        ("LUNADEFEND_DELETES_PER_HOUR", "1"),
    ];
    let operator = Operator::new(&told);
    let token = card(&operator, &SessionId::new("ann").unwrap()).await;
    let id = token.expose_id();
    let (_, text) = operator.run(&["token", "describe", id], "");
    assert!(
        text.contains("Visa \u{2022}\u{2022}\u{2022}\u{2022} 1111"),
        "{text}"
    );
    let (well, text) = operator.run(&["token", "delete", "--yes", id, NONE], "");
    assert!(
        !well && text.contains("no more than 1 tokens may be deleted in an hour"),
        "{text}"
    );
    let (well, text) = operator.run(&["token", "delete", "--yes", id], "");
    assert!(well, "{text}");

    let operator = Operator::new(&[("LUNADEFEND_DELETE", "off")]);
    let (well, text) = operator.run(&["token", "delete", "--yes", NONE], "");
    assert!(!well && text.contains("LUNADEFEND_DELETE is off"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended() {
    let operator = Operator::new(&[]);
    let (ann, bob) = (
        SessionId::new("ann").unwrap(),
        SessionId::new("bob").unwrap(),
    );
    let (anns, bobs) = (card(&operator, &ann).await, card(&operator, &bob).await);
    let (well, text) = operator.run(&["session", "revoke", "-"], "ann\n");
    assert!(well, "{text}");
    assert_eq!(text, "the session has ended\n");
    assert_ne!(verdict(&operator, &ann, &anns).await, Verdict::Valid);
    assert_eq!(verdict(&operator, &bob, &bobs).await, Verdict::Valid);
    // Raw, it is the session of another name.
    let (well, _) = operator.run(&["session", "revoke", "--ids", "raw", "bob"], "");
    assert!(well);
    assert_eq!(verdict(&operator, &bob, &bobs).await, Verdict::Valid);
    let (well, text) = operator.run(&["session", "revoke", "-"], "ann\nbob\n");
    assert!(!well && text.contains("one session at a time"), "{text}");
}

#[test]
fn the_keys_are_changed_while_it_serves() {
    let (old, new) = ("5f0c".repeat(16), "a3d1".repeat(16));
    let (present, next) = ("LUNADEFEND_MASTER_KEY", "LUNADEFEND_NEXT_MASTER_KEY");
    let operator = Operator::new(&[(present, &old)]);
    let (well, text) = operator.run(&["keys", "list"], "");
    assert!(
        well && text.starts_with("1  seals new rows, added "),
        "{text}"
    );
    for (arguments, expected, words) in [
        (&["keys", "rotate"][..], true, "version 2 was added"),
        (&["keys", "rotate"], false, "wait three minutes"),
        (&["keys", "list"], true, "\n2  seals new rows soon"),
        (&["keys", "rewrap"], true, "0 sealed again\n"),
        (&["keys", "retire", "1"], false, "wait three minutes"),
        (&["keys", "retire", "2"], false, "is in use"),
        (&["keys", "retire", "7"], false, "there is no version 7"),
        (&["keys", "rotate", "--master"], false, next),
    ] {
        let (well, text) = operator.run(arguments, "");
        assert!(well == expected && text.contains(words), "{text}");
    }
    // With both keys the change is made; then with the new one alone it serves again.
    let operator = operator.restart(&[(present, &old), (next, &new)]);
    let (well, text) = operator.run(&["keys", "rotate", "--master"], "");
    assert!(well && text.contains("make it the present one"), "{text}");
    let operator = operator.restart(&[(present, &new)]);
    let (well, text) = operator.run(&["keys", "list", "--json"], "");
    assert!(well && text.contains(r#""version":2"#), "{text}");
}
