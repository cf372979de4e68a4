//! The usual AWS chain, in separate processes: a test must not change the environment of its own process.

use crate::{
    fake::Fake,
    texts::{CANARY, told},
};
use lunadefend_core::provider::SecretProvider;
use lunadefend_secrets_aws::AwsSecret;
use std::{io::Write as _, path::Path, process::Command};
use tokio::task::spawn_blocking;

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:signing-key-AbCdEf";

/// Fetches the secret that its environment names, without other settings, and prints the result.
#[tokio::test]
#[ignore = "the other tests run it, each with an environment of its own"]
async fn child() {
    let id = variable("TEST_SECRET").expect("only the other tests run this");
    let outcome = match AwsSecret::builder(id).build().unwrap().fetch().await {
        Ok(versions) => {
            let value = versions.current.value;
            assert_eq!(value.expose_secret(), CANARY.as_bytes());
            "fetched".to_owned()
        }
        Err(error) => told(&error),
    };
    assert!(
        rustls::crypto::CryptoProvider::get_default().is_none(),
        "the process default is the application's"
    );
    println!("\noutcome: {outcome}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "how the tests tell their child which secret to fetch"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the result of a fetch with these variables and no others.
pub(crate) async fn outcome(secret: &str, variables: &[(&str, &str)]) -> String {
    let empty = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "environment::child", "--ignored", "--nocapture"])
        .env_clear()
        .env("TEST_SECRET", secret)
        .env("HOME", empty.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied());
    let output = spawn_blocking(move || child.output().unwrap())
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let wrong = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{printed}{wrong}");
    let outcome = printed
        .lines()
        .find_map(|line| line.strip_prefix("outcome: "));
    outcome.expect("the child has printed it").to_owned()
}

/// Credentials as the environment has them.
pub(crate) const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", CANARY),
    ("AWS_SESSION_TOKEN", CANARY),
];

fn file(directory: &Path, name: &str, content: &str) -> String {
    let path = directory.join(name);
    std::fs::File::create(&path)
        .unwrap()
        .write_all(content.as_bytes())
        .unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn from_variables() {
    let fake = Fake::with_value(CANARY).await;
    let endpoint = ("AWS_ENDPOINT_URL_SECRETS_MANAGER", fake.url.as_str());
    let region = ("AWS_REGION", "us-west-2");
    let [id, key, session] = CREDENTIALS;
    assert_eq!(
        outcome("signing-key", &[endpoint, region, id, key, session]).await,
        "fetched"
    );
    let asked = fake.asked().pop().unwrap();
    let by = asked.headers["authorization"].to_str().unwrap();
    assert!(
        by.contains("Credential=AKIDEXAMPLE/") && by.contains("/us-west-2/secretsmanager/"),
        "{by}"
    );
    assert_eq!(asked.headers["x-amz-security-token"], CANARY);

    // An ARN says by itself where it is.
    assert_eq!(outcome(ARN, &[endpoint, region, id, key]).await, "fetched");
    let asked = fake.asked().pop().unwrap();
    let by = asked.headers["authorization"].to_str().unwrap();
    assert!(by.contains("/eu-central-1/secretsmanager/"), "{by}");
}

#[tokio::test]
async fn from_a_profile() {
    let fake = Fake::with_value(CANARY).await;
    let directory = tempfile::tempdir().unwrap();
    let config = file(
        directory.path(),
        "config",
        &format!(
            "[profile app]\nregion = ap-south-1\nendpoint_url = {}\n",
            fake.url
        ),
    );
    let credentials = file(
        directory.path(),
        "credentials",
        &format!("[app]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = {CANARY}\n"),
    );
    let variables = [
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", &credentials),
        ("AWS_PROFILE", "app"),
    ];
    assert_eq!(outcome("signing-key", &variables).await, "fetched");
    let asked = fake.asked().pop().unwrap();
    let by = asked.headers["authorization"].to_str().unwrap();
    assert!(
        by.contains("Credential=AKIDPROFILE/") && by.contains("/ap-south-1/"),
        "{by}"
    );
}

#[tokio::test]
async fn nothing_to_be_found() {
    let fake = Fake::with_value(CANARY).await;
    let endpoint = ("AWS_ENDPOINT_URL", fake.url.as_str());
    assert_eq!(
        outcome("signing-key", &[endpoint, CREDENTIALS[0], CREDENTIALS[1]]).await,
        "the secret at AWS Secrets Manager secret signing-key is not usable: no AWS region is known; write the ARN of the secret instead of its name, or set its region or AWS_REGION"
    );
    assert_eq!(
        outcome(ARN, &[endpoint]).await,
        format!(
            "the secret at AWS Secrets Manager secret {ARN} in eu-central-1 is not usable: there are no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, or run with a role"
        )
    );
    let missing = outcome(ARN, &[endpoint, ("AWS_PROFILE", "nobody")]).await;
    assert!(missing.contains("AWS credentials"), "{missing}");
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn a_profile_that_is_wrong() {
    let fake = Fake::with_value(CANARY).await;
    let directory = tempfile::tempdir().unwrap();
    for content in [
        format!("[app]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key {CANARY}\n"),
        format!("[app]\naws_secret_access_key = {CANARY}\n"),
        format!("aws_secret_access_key = {CANARY}\n"),
        format!("[app]\nsource_profile = {CANARY}\nrole_arn = arn:aws:iam::123456789012:role/x\n"),
        format!("[app]\ncredential_process = echo {CANARY}\n"),
        format!(
            "[app]\nsso_account_id = 1\nsso_region = x\nsso_role_name = {CANARY}\nsso_start_url = {CANARY}\n"
        ),
    ] {
        let credentials = file(directory.path(), "credentials", &content);
        let outcome = outcome(
            ARN,
            &[
                ("AWS_ENDPOINT_URL", fake.url.as_str()),
                ("AWS_SHARED_CREDENTIALS_FILE", &credentials),
                ("AWS_PROFILE", "app"),
            ],
        )
        .await;
        println!("{outcome}");
        assert!(outcome.contains("AWS credentials"), "{content}: {outcome}");
    }
    assert!(fake.asked().is_empty());
}

/// LunaDefend does not read what other programs may read from the environment; and no value in it causes a
/// panic.
#[tokio::test]
async fn from_nothing_else() {
    let fake = Fake::with_value(CANARY).await;
    let closed = "http://127.0.0.1:9";
    let [id, key, _] = CREDENTIALS;
    let variables = [
        ("AWS_ENDPOINT_URL", fake.url.as_str()),
        id,
        key,
        ("HTTP_PROXY", closed),
        ("http_proxy", closed),
        ("HTTPS_PROXY", closed),
        ("ALL_PROXY", closed),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_RETRY_MODE", "canary"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "canary"),
    ];
    assert_eq!(outcome(ARN, &variables).await, "fetched");
}

#[tokio::test]
async fn an_endpoint_that_is_not_protected() {
    let [id, key, _] = CREDENTIALS;
    let endpoint = ("AWS_ENDPOINT_URL", "http://secrets.example.com");
    let outcome = outcome(ARN, &[endpoint, id, key]).await;
    assert!(
        outcome.contains("its endpoint starts with http:// and is not on this machine"),
        "{outcome}"
    );
}

#[tokio::test]
async fn a_machine_without_root_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let none = file(directory.path(), "none.pem", "");
    let [id, key, _] = CREDENTIALS;
    let variables = [
        id,
        key,
        ("SSL_CERT_FILE", none.as_str()),
        ("SSL_CERT_DIR", directory.path().to_str().unwrap()),
    ];
    let outcome = outcome(ARN, &variables).await;
    assert!(
        outcome.contains("this machine has no root certificates"),
        "{outcome}"
    );
}
