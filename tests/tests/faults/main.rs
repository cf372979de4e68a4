//! A line between the application and its tokenizer that fails in every way: each call ends in a typed
//! error within its deadline, never in a yes, and works again when the line does.
#![expect(
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod answers;
mod retries;
mod values;

use http::Method;
use lunadefend::{Error, ErrorKind, SessionId, UntrustedToken, VerifiedToken};
use lunadefend_tests::{Fault, Settings, World};
use std::time::Duration;
use tokio::time::Instant;

/// For faults that would hold a call for ever.
const DEADLINE: Duration = Duration::from_millis(400);
/// For faults that answer: a busy machine is none.
const PATIENT: Duration = Duration::from_secs(120);
/// What a busy machine may need for a call that waits for nothing.
const SLACK: Duration = Duration::from_secs(10);

/// An application with a user who holds a grant: without a fault every answer is a yes.
struct Setting {
    world: World,
    session: SessionId,
    token: VerifiedToken,
}

/// How verify, create and the application's own answer end.
struct Outcomes {
    verify: Result<(), Error>,
    create: Result<(), Error>,
    status: u16,
    body: String,
}

impl Setting {
    async fn new(deadline: Duration) -> Self {
        let world = World::with(Settings {
            proxied: true,
            deadline,
            retries: 5,
            ..Settings::default()
        })
        .await;
        let session = world.application.log_in("ann");
        let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
        let token = VerifiedToken::assertion(token).unwrap();
        let setting = Self {
            world,
            session,
            token,
        };
        // The tokenizer fetches the application's keys now, so that it need not later.
        setting.create().await.unwrap();
        setting
    }

    async fn verify(&self) -> Result<(), Error> {
        let token: UntrustedToken = self.token.expose_id().parse()?;
        let luna = self.world.luna();
        luna.grants().verify(&self.session, token).await.map(drop)
    }

    async fn create(&self) -> Result<(), Error> {
        let luna = self.world.luna();
        luna.grants()
            .grant(&self.session, &self.token, None)
            .await
            .map(drop)
    }

    async fn outcomes(&self) -> Outcomes {
        let mut browser = self.world.browser_of(&self.session);
        let app = &self.world.application.url;
        let url = format!("{app}/profile");
        let body = format!(r#"{{"ssn":"{}"}}"#, self.token.expose_id());
        let (verify, create, page) = tokio::join!(
            self.verify(),
            self.create(),
            browser.fetch(app, Method::POST, &url, &body)
        );
        let page = page.unwrap();
        Outcomes {
            verify,
            create,
            status: page.status,
            body: page.text(),
        }
    }

    /// All three must end so, in time, and work again without the fault.
    async fn assert_fails(&self, name: &str, fault: fn() -> Fault, verify: ErrorKind) {
        self.assert_kinds(name, fault, verify, verify).await;
    }

    async fn assert_kinds(
        &self,
        name: &str,
        fault: fn() -> Fault,
        verify: ErrorKind,
        create: ErrorKind,
    ) {
        let line = self.world.line_to_tokenizer();
        line.plan(move |_, _| fault());
        let start = Instant::now();
        let outcomes = self.outcomes().await;
        let elapsed = start.elapsed();
        assert!(elapsed < DEADLINE + SLACK, "{name}: {elapsed:?}");

        assert_eq!(
            outcomes.verify.unwrap_err().kind(),
            verify,
            "{name}: verify"
        );
        assert_eq!(
            outcomes.create.unwrap_err().kind(),
            create,
            "{name}: create"
        );
        assert_eq!(outcomes.status, verify.status().as_u16(), "{name}");
        let error: serde_json::Value = serde_json::from_str(&outcomes.body).unwrap();
        assert_eq!(error["success"], false, "{name}");
        assert_eq!(error["error"]["name"], verify.name(), "{name}");
        for foreign in ["canary", "html", "0a1b2c3d"] {
            assert!(
                !outcomes.body.contains(foreign),
                "{name}: {}",
                outcomes.body
            );
        }
        assert!(self.world.application.stored("ann").is_none(), "{name}");

        line.mend();
        self.verify().await.unwrap();
    }
}

/// The bytes without the last ones.
fn cut(mut bytes: Vec<u8>, from_end: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - from_end);
    bytes
}
