//! The stages beside the current one, and rotations between two requests of the provider.

use crate::{
    fake::{Asked, Fake, no_such_stage, refusal, version},
    texts::{CANARY, told},
};
use axum::response::Response;
use lunadefend_core::provider::{SecretError, SecretProvider, SecretVersions};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

const LABELS: [&str; 3] = ["AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"];

fn texts(versions: &SecretVersions) -> [Option<String>; 3] {
    [
        Some(&versions.current),
        versions.previous.as_ref(),
        versions.next.as_ref(),
    ]
    .map(|version| version.map(|it| String::from_utf8(it.value.expose_secret().to_vec()).unwrap()))
}

/// Which version each label is on; the value of a version is its id.
fn labelled(labels: [Option<&'static str>; 3]) -> impl Fn(&Asked) -> Response {
    move |asked| {
        let at = LABELS.iter().position(|label| *label == asked.stage);
        match labels[at.unwrap()] {
            Some(id) => version(id, &[], id),
            None => no_such_stage(),
        }
    }
}

#[tokio::test]
async fn labels_become_versions() {
    for (labels, expected) in [
        ([Some("b"), None, None], [Some("b"), None, None]),
        ([Some("b"), Some("a"), None], [Some("b"), Some("a"), None]),
        (
            [Some("b"), Some("a"), Some("c")],
            [Some("b"), Some("a"), Some("c")],
        ),
        // Left there by AWS after a rotation.
        (
            [Some("b"), Some("a"), Some("b")],
            [Some("b"), Some("a"), None],
        ),
        // Labels that an operator has moved by hand.
        ([Some("b"), Some("b"), None], [Some("b"), None, None]),
        (
            [Some("b"), Some("b"), Some("c")],
            [Some("b"), None, Some("c")],
        ),
        (
            [Some("b"), Some("a"), Some("a")],
            [Some("b"), Some("a"), None],
        ),
    ] {
        let fake = Fake::start(labelled(labels)).await;
        let versions = fake.secret().build().unwrap().fetch().await.unwrap();
        assert_eq!(
            texts(&versions),
            expected.map(|it| it.map(str::to_owned)),
            "{labels:?}"
        );
        for asked in fake.asked() {
            assert_eq!(asked.secret, "signing-key");
        }
    }
}

/// A rotation moves the labels before the n-th request that arrives, for every n. The result is the state
/// before or after it, never a mixture in which a key is missing.
#[tokio::test]
async fn a_rotation_between_requests_loses_no_key() {
    let before = [Some("b"), Some("a"), Some("c")];
    let afterwards = [Some("c"), Some("b"), None];
    for moved_before in 0..8 {
        let requests = AtomicUsize::new(0);
        let fake = Fake::start(move |asked| {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            labelled(if number < moved_before {
                before
            } else {
                afterwards
            })(asked)
        })
        .await;
        let versions = fake.secret().build().unwrap().fetch().await.unwrap();
        let found = texts(&versions);
        let whole = [before, afterwards]
            .map(|labels| labels.map(|it| it.map(str::to_owned)))
            .contains(&found);
        assert!(whole, "moved before request {moved_before}: {found:?}");
    }
}

#[tokio::test]
async fn a_neighbour_that_cannot_be_used_is_left_out() {
    let unusable: [fn() -> Response; 4] = [
        || refusal(400, "AccessDeniedException", "only AWSCURRENT is allowed"),
        || refusal(400, "DecryptionFailure", "its old KMS key is gone"),
        || version("x", &[], r#"{"canary":"not the field"}"#),
        || version("x", &[], "canary, not JSON"),
    ];
    for answer in unusable {
        for stage in ["AWSPREVIOUS", "AWSPENDING"] {
            let fake = Fake::start(move |asked| match asked.stage.as_str() {
                it if it == stage => answer(),
                it => version(it, &[], r#"{"key":"value"}"#),
            })
            .await;
            let secret = fake.secret().field("key").build().unwrap();
            let versions = secret.fetch().await.unwrap();
            assert_eq!(versions.previous.is_none(), stage == "AWSPREVIOUS");
            assert_eq!(versions.next.is_none(), stage == "AWSPENDING");

            // The current one has no other to take its place.
            fake.now_answer(move |_| answer());
            let error = secret.fetch().await.unwrap_err();
            assert!(matches!(error, SecretError::Misconfigured { .. }));
            told(&error);
        }
    }
}

#[tokio::test]
async fn trouble_that_will_pass_makes_no_key_vanish() {
    let passing: [fn() -> Response; 4] = [
        || refusal(400, "ThrottlingException", "Rate exceeded"),
        || refusal(500, "InternalServiceError", ""),
        || refusal(400, "ExpiredTokenException", ""),
        || axum::response::IntoResponse::into_response("canary"),
    ];
    for answer in passing {
        for stage in LABELS {
            let fake = Fake::start(move |asked| match asked.stage.as_str() {
                it if it == stage => answer(),
                it => version(it, &[], CANARY),
            })
            .await;
            let error = fake.secret().build().unwrap().fetch().await.unwrap_err();
            told(&error);
        }
    }
}

#[tokio::test]
async fn one_that_is_left_out_is_warned_about_once() {
    let (warnings, _guard) = crate::logs::captured(tracing_subscriber::filter::LevelFilter::WARN);
    let fake = Fake::start(|asked| match asked.stage.as_str() {
        "AWSPENDING" => refusal(400, "AccessDeniedException", "no"),
        it => version(it, &[], CANARY),
    })
    .await;
    let secret = Arc::new(fake.secret().build().unwrap());
    let times = || warnings.text().matches("is left out").count();
    for expected in [1, 1] {
        secret.fetch().await.unwrap();
        assert_eq!(times(), expected, "{}", warnings.text());
    }
    fake.now_answer(|asked| version(&asked.stage, &[], CANARY));
    secret.fetch().await.unwrap();
    fake.now_answer(|asked| match asked.stage.as_str() {
        "AWSPENDING" => refusal(400, "DecryptionFailure", "no"),
        it => version(it, &[], CANARY),
    });
    secret.fetch().await.unwrap();
    assert_eq!(times(), 2, "{}", warnings.text());
    let text = warnings.text();
    assert!(
        text.contains("AWSPENDING") && text.contains("signing-key"),
        "{text}"
    );
    crate::texts::silent(&text);
}
