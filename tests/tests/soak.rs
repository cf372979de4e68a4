//! The load of `cargo xtask soak`, where there is nothing to load.

use std::process::Command;

#[test]
fn users_who_do_not_get_in_end_it_with_an_error() {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = format!("http://{}", socket.local_addr().unwrap());
    let output = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["--clients", "3", "--tokenizer", &nobody])
        .args(["--app", &nobody])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        output.stdout.is_empty(),
        "it says nothing that looks like a phase"
    );
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("a user did not get in"), "{said}");
}
