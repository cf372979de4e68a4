//! A local server that responds like AWS, or wrongly.

use crate::texts::CANARY;
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use lunadefend_secrets_aws::{AwsSecret, AwsSecretBuilder, Credentials};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// The requests that it received, and their senders.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) secret: String,
    pub(crate) stage: String,
    pub(crate) headers: HeaderMap,
}

type Answer = Arc<dyn Fn(&Asked) -> Response + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Fake {
    /// Serves for as long as the runtime of the test lives.
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            answer: Arc::new(Mutex::new(Arc::new(answer))),
        };
        let router = Router::new().fallback(respond).with_state(fake.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        fake
    }

    /// A secret that is in one version.
    pub(crate) async fn with_value(value: &'static str) -> Self {
        Self::start(move |asked| match asked.stage.as_str() {
            "AWSCURRENT" => version("1", &["AWSCURRENT"], value),
            _ => no_such_stage(),
        })
        .await
    }

    pub(crate) fn now_answer(&self, answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// A secret that is fetched from here, by credentials that must not be told.
    pub(crate) fn secret(&self) -> AwsSecretBuilder {
        AwsSecret::builder("signing-key")
            .region("us-east-1")
            .credentials(credentials())
            .endpoint(&self.url)
    }
}

pub(crate) fn credentials() -> Credentials {
    let session = format!("session-{CANARY}");
    Credentials::new("AKIDEXAMPLE", CANARY, Some(session), None, "test")
}

async fn respond(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let asked = Asked {
        secret: text("SecretId"),
        stage: text("VersionStage"),
        headers,
    };
    fake.asked.lock().unwrap().push(asked.clone());
    let answer = Arc::clone(&fake.answer.lock().unwrap());
    answer(&asked)
}

/// A version as GetSecretValue returns it.
pub(crate) fn version(id: &str, stages: &[&str], value: &str) -> Response {
    Json(json!({
        "ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key-AbCdEf",
        "Name": "signing-key",
        "VersionId": id,
        "SecretString": value,
        "VersionStages": stages,
        "CreatedDate": 1_700_000_000.5,
    }))
    .into_response()
}

/// An error as AWS words it.
pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({ "__type": code, "Message": message });
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

pub(crate) fn no_such_stage() -> Response {
    refusal(
        400,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
    )
}
