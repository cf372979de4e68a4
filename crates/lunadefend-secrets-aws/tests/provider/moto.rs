//! Against moto's Secrets Manager, which others wrote by the documentation of AWS.
//!
//! `cargo xtask test` installs it and names its Python in the environment.

use crate::{
    environment,
    fake::credentials,
    texts::{CANARY, told},
};
use aws_sdk_secretsmanager::{Client, config::BehaviorVersion, primitives::Blob};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lunadefend_core::provider::{SecretError, SecretProvider, SecretVersions};
use lunadefend_crypto::{GeneratedKey, RsaBits, SigningKey};
use lunadefend_secrets_aws::{AwsSecret, AwsSecretBuilder, Credentials};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::{Duration, SystemTime},
};

/// A server that ends with its parent process at the latest: it waits for the end of its standard input.
struct Moto {
    process: Child,
    ready: Value,
}

/// One server for all tests, with different names for their secrets.
static SHARED: LazyLock<Option<Moto>> = LazyLock::new(|| Moto::start(&[]));

impl Moto {
    /// `None` where moto is not installed.
    fn start(arguments: &[&str]) -> Option<Self> {
        let python = python()?;
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/aws.py");
        let mut process = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python of the oracles is installed");
        // It prints the line when it listens.
        let mut line = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).expect("moto has started");
        Some(Self { process, ready })
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    fn secret(&self, id: &str) -> AwsSecretBuilder {
        AwsSecret::builder(id)
            .region("us-east-1")
            .credentials(credentials())
            .endpoint(self.text("url"))
    }

    /// The client that stores the secrets.
    fn client(&self) -> Client {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new("us-east-1"))
            .credentials_provider(credentials())
            .endpoint_url(self.text("url"))
            .http_client(http);
        Client::from_conf(config.build())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how `cargo xtask test` tells where it installed moto"
)]
fn python() -> Option<std::ffi::OsString> {
    let python = std::env::var_os("LUNADEFEND_PYTHON");
    if python.is_none() {
        println!("skipped: LUNADEFEND_PYTHON is not set; `cargo xtask test` sets it");
    }
    python
}

fn texts(versions: &SecretVersions) -> [Option<String>; 3] {
    [
        Some(&versions.current),
        versions.previous.as_ref(),
        versions.next.as_ref(),
    ]
    .map(|version| version.map(|it| String::from_utf8(it.value.expose_secret().to_vec()).unwrap()))
}

fn some(texts: [Option<&str>; 3]) -> [Option<String>; 3] {
    texts.map(|text| text.map(str::to_owned))
}

#[tokio::test]
async fn by_name_and_by_arn() {
    let Some(moto) = &*SHARED else { return };
    let created = moto
        .client()
        .create_secret()
        .name("prod/signing-key")
        .secret_string(CANARY)
        .send()
        .await
        .unwrap();
    for id in ["prod/signing-key", created.arn().unwrap()] {
        let versions = moto.secret(id).build().unwrap().fetch().await.unwrap();
        assert_eq!(texts(&versions), some([Some(CANARY), None, None]));
        let age = distance_from_now(versions.current.created.unwrap());
        assert!(age < Duration::from_secs(3600), "{age:?}");
    }

    let elsewhere = created.arn().unwrap().replace("us-east-1", "eu-west-1");
    for id in ["prod/signing", "prod/signing-key/", &elsewhere] {
        let secret = AwsSecret::builder(id)
            .region(if id.starts_with("arn:") {
                "eu-west-1"
            } else {
                "us-east-1"
            })
            .credentials(credentials())
            .endpoint(moto.text("url"))
            .build()
            .unwrap();
        let error = secret.fetch().await.unwrap_err();
        assert!(matches!(error, SecretError::NotFound { .. }));
        let text = told(&error);
        assert!(
            text.contains(id) && text.contains("look at its name or ARN"),
            "{text}"
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "moto reads the clock of the machine"
)]
fn distance_from_now(time: SystemTime) -> Duration {
    let now = SystemTime::now();
    now.duration_since(time)
        .or_else(|_| time.duration_since(now))
        .unwrap()
}

/// One key in everything that a secret can be: each is the same key afterwards.
#[tokio::test]
async fn a_key_in_any_form() {
    let Some(moto) = &*SHARED else { return };
    let client = moto.client();
    let key = GeneratedKey::generate(RsaBits::Rsa2048).unwrap();
    let pem = key.pem.expose_secret().to_owned();
    let armoured: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(armoured).unwrap();
    let in_base64 = STANDARD.encode(&pem);
    let object = serde_json::json!({ "user": "app", "key": pem }).to_string();
    let bundle = serde_json::json!({
        "public_key": STANDARD.encode(key.key.public_key().to_spki_pem()),
        "private_key": in_base64,
    })
    .to_string();
    let strings = [
        ("pem", pem.clone(), None),
        ("base64", in_base64, None),
        ("json", object, Some("key")),
        ("bundle", bundle, None),
    ];
    for (name, value, _) in &strings {
        let create = client.create_secret().name(*name).secret_string(value);
        create.send().await.unwrap();
    }
    for (name, value) in [("binary-pem", pem.into_bytes()), ("binary-der", der)] {
        let create = client
            .create_secret()
            .name(name)
            .secret_binary(Blob::new(value));
        create.send().await.unwrap();
    }
    let binaries = [("binary-pem", None), ("binary-der", None)];
    let all = strings
        .iter()
        .map(|(name, _, field)| (*name, *field))
        .chain(binaries);
    for (name, field) in all {
        let builder = moto.secret(name);
        let builder = match field {
            Some(field) => builder.field(field),
            None => builder,
        };
        let secret = builder.build().unwrap();
        let value = secret.fetch().await.unwrap().current.value;
        let parsed = SigningKey::parse(value.expose_secret(), &secret.origin()).unwrap();
        assert_eq!(
            parsed.public_key().thumbprint(),
            key.key.public_key().thumbprint(),
            "{name}"
        );
    }

    let error = moto
        .secret("json")
        .build()
        .unwrap()
        .fetch()
        .await
        .unwrap_err();
    assert!(told(&error).contains("configure the field that holds the secret"));
}

#[tokio::test]
async fn a_rotation() {
    let Some(moto) = &*SHARED else { return };
    let client = moto.client();
    let secret = moto.secret("rotated").build().unwrap();
    let fetched = || async { texts(&secret.fetch().await.unwrap()) };
    let put = |value: &'static str, stage: &'static str| {
        let put = client.put_secret_value().secret_id("rotated");
        let put = put.secret_string(value).version_stages(stage).send();
        async move { put.await.unwrap().version_id.unwrap() }
    };
    let created = client
        .create_secret()
        .name("rotated")
        .secret_string("a")
        .send()
        .await
        .unwrap();
    let a = created.version_id.unwrap();
    assert_eq!(fetched().await, some([Some("a"), None, None]));

    let b = put("b", "AWSPENDING").await;
    assert_eq!(fetched().await, some([Some("a"), None, Some("b")]));

    let make_current = |to: String, from: String| {
        let update = client.update_secret_version_stage().secret_id("rotated");
        let update = update.version_stage("AWSCURRENT").move_to_version_id(to);
        let update = update.remove_from_version_id(from).send();
        async move { update.await.unwrap() }
    };
    make_current(b.clone(), a).await;
    // AWS leaves AWSPENDING where it was, on what is the current version now.
    let still_pending = client
        .get_secret_value()
        .secret_id("rotated")
        .version_stage("AWSPENDING")
        .send()
        .await
        .unwrap();
    assert_eq!(still_pending.version_id(), Some(b.as_str()));
    assert_eq!(fetched().await, some([Some("b"), Some("a"), None]));

    let c = put("c", "AWSPENDING").await;
    assert_eq!(fetched().await, some([Some("b"), Some("a"), Some("c")]));
    make_current(c, b).await;
    assert_eq!(fetched().await, some([Some("c"), Some("b"), None]));
}

/// A new value without a rotation, as the console saves it.
#[tokio::test]
async fn an_update() {
    let Some(moto) = &*SHARED else { return };
    let client = moto.client();
    let create = client.create_secret().name("updated").secret_string("a");
    create.send().await.unwrap();
    let update = client
        .update_secret()
        .secret_id("updated")
        .secret_string("b");
    update.send().await.unwrap();
    let versions = moto
        .secret("updated")
        .build()
        .unwrap()
        .fetch()
        .await
        .unwrap();
    assert_eq!(texts(&versions), some([Some("b"), Some("a"), None]));
}

#[tokio::test]
async fn deleted_and_empty() {
    let Some(moto) = &*SHARED else { return };
    let client = moto.client();
    let create = client.create_secret().name("deleted").secret_string(CANARY);
    create.send().await.unwrap();
    client
        .delete_secret()
        .secret_id("deleted")
        .send()
        .await
        .unwrap();
    let error = moto
        .secret("deleted")
        .build()
        .unwrap()
        .fetch()
        .await
        .unwrap_err();
    assert!(matches!(error, SecretError::Misconfigured { .. }));
    assert!(told(&error).contains("it is scheduled for deletion"));

    client.create_secret().name("empty").send().await.unwrap();
    let error = moto
        .secret("empty")
        .build()
        .unwrap()
        .fetch()
        .await
        .unwrap_err();
    let text = told(&error);
    assert!(
        text.contains("no value yet") || text.contains("or create it"),
        "{text}"
    );
}

#[tokio::test]
async fn without_permission() {
    let Some(moto) = Moto::start(&["--deny", "denied"]) else {
        return;
    };
    let secret = |id: &str, key: &str| {
        let credentials = Credentials::new(id, key, None, None, "test");
        let secret = moto.secret("denied").credentials(credentials);
        secret.build().unwrap()
    };
    let (id, key) = (moto.text("access_key_id"), moto.text("secret_access_key"));
    let error = secret(id, key).fetch().await.unwrap_err();
    assert!(
        matches!(error, SecretError::Misconfigured { .. }),
        "{error:?}"
    );
    let text = told(&error);
    assert!(
        text.contains("allow secretsmanager:GetSecretValue"),
        "{text}"
    );
    assert!(!text.contains(key), "{text}");

    let error = secret("AKIAUNKNOWN", key).fetch().await.unwrap_err();
    let text = told(&error);
    assert!(text.contains("AWS does not know the access key"), "{text}");

    let error = secret(id, CANARY).fetch().await.unwrap_err();
    let text = told(&error);
    assert!(text.contains("look at the secret access key"), "{text}");
}

/// The TLS of this crate against one that it has nothing in common with.
#[tokio::test]
async fn over_tls() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let Some(moto) = Moto::start(&["--tls", path]) else {
        return;
    };
    let root = format!("{path}/root.pem");
    let [id, key, _] = environment::CREDENTIALS;
    let variables = [
        ("AWS_ENDPOINT_URL", moto.text("url")),
        ("AWS_REGION", "us-east-1"),
        id,
        key,
    ];
    let trusting = [&variables[..], &[("SSL_CERT_FILE", &root)]].concat();
    let outcome = environment::outcome("signing-key", &trusting).await;
    assert!(
        outcome.contains("look at its name or ARN"),
        "it was asked: {outcome}"
    );

    let outcome = environment::outcome("signing-key", &variables).await;
    assert!(
        outcome.contains("invalid peer certificate: UnknownIssuer")
            || outcome.contains("no root certificates"),
        "{outcome}"
    );
}
