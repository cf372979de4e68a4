//! Other libraries verify LunaDefend's JWTs against its key set, and refuse tampered ones.
//!
//! `cargo xtask test` installs them and sets the two variables. Without them there is nothing to run.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "clippy takes the helpers of tests for production code"
)]

use lunadefend_core::{
    SessionId,
    provider::{Clock, TransferState},
};
use lunadefend_crypto::{SigningKey, base64url, base64url_decode};
use lunadefend_jwt::{AUDIENCE, ISSUER, Jwt, JwtProfile, JwtSigner, SystemClock, jwks_document};
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

#[test]
fn pyjwt() {
    let Some(python) = variable("LUNADEFEND_PYTHON") else {
        return;
    };
    run(Command::new(python).arg(oracle("verify.py")));
}

#[test]
fn jose() {
    let Some(modules) = variable("LUNADEFEND_NODE_MODULES") else {
        return;
    };
    run(Command::new("node")
        .arg(oracle("verify.mjs"))
        .env("LUNADEFEND_NODE_MODULES", modules));
}

#[expect(
    clippy::disallowed_methods,
    reason = "how `cargo xtask test` tells where it installed the libraries"
)]
fn variable(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name);
    if value.is_none() {
        println!("skipped: {name} is not set; `cargo xtask test` sets it");
    }
    value
}

fn oracle(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/oracles")
        .join(file)
}

fn run(command: &mut Command) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the oracle's interpreter is installed");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(case().to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert_eq!(stdout.trim(), "ok", "{stderr}");
}

/// Of the real time: the other libraries read no other clock.
fn case() -> Value {
    let now = SystemClock.now();
    let key = SigningKey::parse(include_bytes!("fixtures/signing.pem"), "test").unwrap();
    let other = SigningKey::parse(include_bytes!("fixtures/other.pem"), "test").unwrap();
    let session = SessionId::new("s\u{e9}\u{1f600}\"").unwrap();
    let state = TransferState::from_query(Some("state=abc")).unwrap();

    let mut jwts = Vec::new();
    for level in [JwtProfile::LunaSec, JwtProfile::Hardened] {
        let signer = JwtSigner::new(key.clone(), level, "https://tokenizer.example.com");
        jwts.push(signer.application(now).unwrap());
        jwts.push(signer.user(&session, now).unwrap());
        jwts.push(signer.transfer(&session, &state, now).unwrap());
    }
    // During a rotation: signed by the key that is published second.
    let rotated = JwtSigner::new(other.clone(), JwtProfile::Hardened, "https://t.example.com");
    jwts.push(rotated.application(now).unwrap());

    let keys = [key.public_key().clone(), other.public_key().clone()];
    let jwks: Value = serde_json::from_slice(&jwks_document(&keys).body).unwrap();
    let tampered: Vec<_> = jwts.iter().flat_map(tampered).collect();
    let jwts: Vec<_> = jwts.iter().map(Jwt::expose_secret).collect();
    json!({
        "jwks": jwks,
        "jwts": jwts,
        "tampered": tampered,
        "audience": AUDIENCE,
        "issuer": ISSUER,
    })
}

fn tampered(jwt: &Jwt) -> Vec<String> {
    let parts: Vec<_> = jwt.expose_secret().split('.').collect();
    let [header, claims, signature] = parts[..] else {
        unreachable!("a compact JWT has three parts")
    };
    let text = |part| String::from_utf8(base64url_decode(part).unwrap()).unwrap();
    let replaced = |part, from: &str, to: &str| {
        let changed = text(part).replace(from, to);
        assert_ne!(changed, text(part));
        base64url(changed.as_bytes())
    };
    let mut flipped = base64url_decode(signature).unwrap();
    flipped[100] ^= 1;
    vec![
        format!(
            "{header}.{}.{signature}",
            replaced(claims, "secure-frame\"", "secure-frame\",\"x\":1")
        ),
        format!(
            "{}.{claims}.{signature}",
            replaced(header, "{", "{\"x\":1,")
        ),
        format!("{}.{claims}.", replaced(header, "RS256", "none")),
        format!(
            "{}.{claims}.{signature}",
            replaced(header, "RS256", "RS384")
        ),
        format!("{header}.{claims}.{}", base64url(&flipped)),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
    ]
}
