//! DynamoDB and S3 as moto has them: one server for all tests of a program, with a table and a bucket for each.

use crate::http1::{Message, exchange};
use lunadefend_vault_aws::{AwsOptions, AwsStore, Credentials};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;

/// A server that ends with its parent process at the latest: it waits for the end of its standard input.
pub struct Moto {
    process: Child,
    url: String,
}

impl Moto {
    /// The server of this program; `None` where moto is not installed.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Moto>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server of its own.
    pub fn start() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "how `cargo xtask test` tells where it installed moto"
        )]
        let python = std::env::var_os("LUNADEFEND_PYTHON");
        let Some(python) = python else {
            println!("skipped: LUNADEFEND_PYTHON is not set; `cargo xtask test` sets it");
            return None;
        };
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oracles/aws.py");
        let mut process = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It prints the line when it listens.
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let url = ready["url"].as_str().unwrap().to_owned();
        Some(Self { process, url })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A table and a bucket that no other test has, not made yet.
    pub fn options(&self) -> AwsOptions {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        self.named(&format!("tokenizer-{number}"), &format!("values-{number}"))
    }

    /// The table and the bucket of these names.
    pub fn named(&self, table: &str, bucket: &str) -> AwsOptions {
        options_at(table, bucket, &self.url, &self.url)
    }

    /// Where it listens, as an address.
    pub fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    /// A response of DynamoDB, or of the administration of moto, to a request by hand.
    pub async fn dynamodb(&self, action: &str, body: &serde_json::Value) -> Message {
        let body = body.to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: aws\r\nx-amz-target: DynamoDB_20120810.{action}\r\n{}content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            signed("dynamodb"),
            body.len()
        );
        exchange(self.address(), request.as_bytes()).await
    }

    /// The response of S3 to a PUT by hand.
    pub async fn put(&self, target: &str, body: &str) -> Message {
        let request = format!(
            "PUT {target} HTTP/1.1\r\nhost: aws\r\n{}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            signed("s3"),
            body.len()
        );
        exchange(self.address(), request.as_bytes()).await
    }

    /// A new store.
    pub async fn store(&self) -> AwsStore {
        let options = self.options();
        AwsStore::create(&options).await.unwrap();
        AwsStore::open(&options).await.unwrap()
    }
}

/// S3 as s3s-fs has it, which keeps objects as files and verifies signatures: another fake, by others than moto.
pub struct S3s {
    process: Child,
    url: String,
    _root: TempDir,
}

impl S3s {
    /// A server of its own; `None` where s3s-fs is not installed.
    pub fn start() -> Option<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "how `cargo xtask test` tells where it installed s3s-fs"
        )]
        let program = std::env::var_os("LUNADEFEND_TESTS_S3S");
        let Some(program) = program else {
            println!("skipped: LUNADEFEND_TESTS_S3S is not set; `cargo xtask test` sets it");
            return None;
        };
        let root = TempDir::new().unwrap();
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(["--access-key", "test", "--secret-key", "test"])
            .arg(root.path())
            .env("RUST_LOG", "s3s_fs=info")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let url = lines.find_map(|line| {
            let line = line.unwrap();
            Some(line.split_once("running at ")?.1.trim().to_owned())
        });
        // Whoever writes into a closed pipe ends.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self {
            process,
            url: url.unwrap(),
            _root: root,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }
}

impl Drop for S3s {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What moto reads of a signature: the service and the region.
fn signed(service: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-central-1/{service}/aws4_request, SignedHeaders=host, Signature=0\r\n"
    )
}

/// The options of a table and a bucket behind other addresses.
pub fn options_at(table: &str, bucket: &str, dynamodb: &str, s3: &str) -> AwsOptions {
    AwsOptions::new(table, bucket)
        .and_then(|options| options.region("eu-central-1"))
        .and_then(|options| options.dynamodb_endpoint(dynamodb))
        .and_then(|options| options.s3_endpoint(s3))
        .unwrap()
        .credentials(Credentials::new("test", "test", None, None, "tests"))
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
