//! `lunadefend status` beside a `lunadefend serve`.

use crate::server::{Server, lunadefend};
use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

const SOCKET: &str = "LUNADEFEND_ADMIN_SOCKET";

fn status() -> Command {
    let mut command = lunadefend();
    command.arg("status");
    command
}

/// The exit code and all that was printed.
fn run(command: &mut Command) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = String::from_utf8([stdout, stderr].concat()).unwrap();
    (status.code().unwrap(), text)
}

fn path(folder: &Path) -> String {
    folder.join("admin").to_str().unwrap().to_owned()
}

#[test]
fn a_running_tokenizer_is_shown_as_text_and_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let socket = path(folder.path());
    let server = Server::start_with(folder.path(), &[(SOCKET, &socket)]);
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let (code, text) = run(status().args(["--socket", &socket]));
    assert_eq!(code, 0, "{text}");
    for line in [
        concat!("lunadefend tokenizer ", env!("CARGO_PKG_VERSION"), ", up "),
        "\nstore        works\n",
        "\nkey set      one public key (SESSION_PUBLIC_KEY)\n",
        "\nconnections  0 of ",
        "\nuploads      0\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }

    let (code, json) = run(status().arg("--json").env(SOCKET, &socket));
    assert_eq!(code, 0, "{json}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["store"], "ok");
    assert_eq!(json["keys"]["source"], "configured");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));

    assert!(server.stop());
    assert!(!Path::new(&socket).exists(), "its file goes with it");
}

#[test]
fn a_store_without_room_is_another_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let socket = path(folder.path());
    // More than any disk has.
    let reserve = ("LUNADEFEND_DISK_RESERVE", "1000000GiB");
    let _server = Server::start_with(folder.path(), &[(SOCKET, &socket), reserve]);
    let (code, text) = run(status().args(["--socket", &socket]));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("store        has no room"), "{text}");
}

#[test]
fn without_a_tokenizer_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let socket = path(folder.path());
    let (code, text) = run(status().args(["--socket", &socket]));
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("the socket is not there"), "{text}");

    let (code, text) = run(&mut status());
    assert_eq!(code, 3, "{text}");
    assert!(
        text.contains("give --socket, or set LUNADEFEND_ADMIN_SOCKET"),
        "{text}"
    );

    // Killed, it leaves its socket behind: the next one takes its place.
    let server = Server::start_with(folder.path(), &[(SOCKET, &socket)]);
    server.kill_9();
    let (code, text) = run(status().args(["--socket", &socket]));
    assert_eq!(code, 3, "{text}");
    assert!(text.contains("its process has ended"), "{text}");
    let _server = Server::start_with(folder.path(), &[(SOCKET, &socket)]);
    let (code, text) = run(status().args(["--socket", &socket]));
    assert_eq!(code, 0, "{text}");
}

#[test]
fn two_tokenizers_do_not_share_a_socket() {
    let folder = tempfile::tempdir().unwrap();
    let socket = path(folder.path());
    let _first = Server::start_with(folder.path(), &[(SOCKET, &socket)]);
    let other = tempfile::tempdir().unwrap();
    let text = crate::refused(
        other.path(),
        &[
            (SOCKET, &socket),
            ("SESSION_JWKS_URL", "http://localhost:3000/jwks.json"),
            ("AUTH_PROVIDERS", "http://localhost:3000"),
        ],
    );
    assert!(
        text.contains("another process answers at the admin socket") && text.contains(SOCKET),
        "{text}"
    );
}
