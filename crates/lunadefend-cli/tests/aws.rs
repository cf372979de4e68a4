//! Keys in AWS Secrets Manager, as the command and an application are configured with them; moto stands
//! for AWS. `cargo xtask test` installs it.
#![cfg(feature = "aws")]
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not count as tests"
)]

#[path = "command/server.rs"]
#[expect(dead_code, reason = "shared with the other tests of the command")]
mod server;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use lunadefend_http::{HttpClient, Request};
use serde_json::{Value, json};
use server::{Server, lunadefend};
use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

const KEY: &str = include_str!("../testdata/signing-key.pem");

/// moto's Secrets Manager, which ends with this process.
struct Moto {
    process: Child,
    url: String,
}

impl Moto {
    /// `None` where moto is not installed.
    fn start() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "how `cargo xtask test` tells where it installed moto"
        )]
        let Some(python) = std::env::var_os("LUNADEFEND_PYTHON") else {
            println!("skipped: LUNADEFEND_PYTHON is not set; `cargo xtask test` sets it");
            return None;
        };
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/aws.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python of the oracles is installed");
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).expect("moto has started");
        let url = ready["url"].as_str().unwrap().to_owned();
        Some(Self { process, url })
    }

    /// Makes a secret; its ARN.
    async fn create(&self, name: &str, value: &str) -> String {
        let body = json!({
            "Name": name,
            "SecretString": value,
            "ClientRequestToken": "00000000-0000-4000-8000-000000000001",
        });
        let headers = [
            ("x-amz-target", "secretsmanager.CreateSecret"),
            ("content-type", "application/x-amz-json-1.1"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0",
            ),
        ];
        let headers = headers.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let http = HttpClient::builder().tls(false).build().unwrap();
        let answer = http.send(Request {
            method: Method::POST,
            url: self.url.clone().into(),
            headers: HeaderMap::from_iter(headers),
            body: body.to_string().into(),
            max_response: 64 * 1024,
            deadline: tokio::time::Instant::now() + Duration::from_secs(30),
        });
        let answer = answer.await.unwrap();
        assert_eq!(answer.status.as_u16(), 200, "{:?}", answer.body);
        let created: Value = serde_json::from_slice(&answer.body).unwrap();
        created["ARN"].as_str().unwrap().to_owned()
    }

    /// What AWS's own chain reads.
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", self.url.clone()),
        ]
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_application_and_tokenizer_are_in_aws() {
    let Some(moto) = Moto::start() else { return };
    let arn = moto.create("prod/signing-key", KEY).await;
    let bundle = json!({ "public_key": "x", "private_key": KEY }).to_string();
    let bundle = moto.create("prod/bundle", &bundle).await;
    let master = moto
        .create("prod/master", &"0123456789abcdef".repeat(4))
        .await;

    // The tokenizer's master key.
    let folder = tempfile::tempdir().unwrap();
    let mut settings = moto.environment();
    settings.push((
        "LUNADEFEND_MASTER_KEY_PROVIDER",
        "aws-secrets-manager".to_owned(),
    ));
    settings.push(("LUNADEFEND_MASTER_KEY_SECRET_ID", master));
    settings.push((
        "SESSION_PUBLIC_KEY",
        lunadefend_crypto::SigningKey::parse(KEY.as_bytes(), "test")
            .unwrap()
            .public_key()
            .to_spki_pem(),
    ));
    let settings: Vec<_> = settings
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let tokenizer = Server::start_with(folder.path(), &settings);
    assert!(
        !tokenizer.printed.contains("back it up"),
        "{}",
        tokenizer.printed
    );
    assert!(!folder.path().join("tokens.redb.key").exists());

    // The application's signing key: by its ARN, which names the region, and as LunaSec has it.
    for (provider, id) in [
        ("aws-secrets-manager", &arn),
        ("awsSecretsManager", &bundle),
    ] {
        let url = tokenizer.public_url();
        let mut command = lunadefend();
        command
            .arg("doctor")
            .envs(moto.environment())
            .env("TOKENIZER_URL", &url)
            .env("LUNADEFEND_SECRETS_PROVIDER", provider)
            .env("LUNADEFEND_SECRETS_SECRET_ID", id);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let printed = String::from_utf8(output.await.unwrap().stdout).unwrap();
        for line in [
            "ok    configuration  every setting of the environment is right",
            "ok    signing key    RSA 3072 bits",
            "ok    trust          the tokenizer accepts our JWTs",
        ] {
            assert!(printed.contains(line), "{printed}");
        }
    }

    // A secret that is not there.
    let mut command = lunadefend();
    command
        .arg("doctor")
        .envs(moto.environment())
        .env("AWS_REGION", "us-east-1")
        .env("TOKENIZER_URL", "http://localhost:1")
        .env("LUNADEFEND_SECRETS_PROVIDER", "aws-secrets-manager")
        .env("LUNADEFEND_SECRETS_SECRET_ID", "prod/none");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success());
    assert!(
        printed
            .starts_with("FAIL  configuration  no secret at AWS Secrets Manager secret prod/none"),
        "{printed}"
    );
}
