//! An error of every kind, printed in every way in which somebody might.

use crate::run::{METADATA, VALUE};
use axum::response::IntoResponse;
use futures_util::stream;
use http::Method;
use lunadefend::{
    Error, ErrorKind, GrantDuration, Metadata, SessionId, StreamBody, TokenizerClient,
    UntrustedToken, Unverified, VerifiedToken, provider::SecretError,
};
use lunadefend_core::provider::Clock as _;
use lunadefend_tests::{
    Act, ApplicationFault, Fault, World,
    http1::{Message, answer, json},
    other_key,
};
use std::{
    collections::BTreeSet,
    error::Error as StdError,
    io,
    time::{Duration, SystemTime},
};

const EVERY_KIND: [ErrorKind; 18] = [
    ErrorKind::BadToken,
    ErrorKind::BadRequest,
    ErrorKind::GrantDuration,
    ErrorKind::TokenizerRejected,
    ErrorKind::NoSession,
    ErrorKind::InvalidGrant,
    ErrorKind::Forbidden,
    ErrorKind::PayloadTooLarge,
    ErrorKind::UnsupportedMediaType,
    ErrorKind::SessionProvider,
    ErrorKind::GrantCreation,
    ErrorKind::TokenizerUnauthorized,
    ErrorKind::Internal,
    ErrorKind::TokenizerNotFound,
    ErrorKind::BadTokenizerResponse,
    ErrorKind::ValueIncomplete,
    ErrorKind::TokenizerUnavailable,
    ErrorKind::SecretUnavailable,
];

/// The longest value that the tokenizer takes.
pub(crate) const MAX_VALUE: u64 = 1024 * 1024;

/// Names and statuses of the errors that were met.
#[derive(Default)]
struct Met(BTreeSet<(String, String)>);

impl Met {
    /// Logs an error in every form, as an application might.
    fn error(&mut self, error: Error) {
        tracing::error!(
            target: "application",
            error = &error as &dyn StdError,
            debug = ?error,
            display = %error,
            json = serde_json::to_string(&error).unwrap(),
            "met"
        );
        let mut cause: Option<&dyn StdError> = Some(&error);
        while let Some(error) = cause {
            tracing::error!(target: "application", "caused by {error} {error:?} {error:#?}");
            cause = error.source();
        }
        self.0.insert((error.name().to_owned(), error.code()));
        // The adapter logs it too.
        drop(error.into_response());
    }

    fn errors<const N: usize>(&mut self, errors: [Option<Error>; N]) {
        errors
            .into_iter()
            .flatten()
            .for_each(|error| self.error(error));
    }
}

/// All calls of the SDK.
async fn call_all(world: &World, session: &SessionId, token: &VerifiedToken, met: &mut Met) {
    let luna = world.luna();
    let untrusted = UntrustedToken::parse(token.expose_id()).unwrap();
    let api = luna.tokenizer();
    let metadata = Metadata::from_json(METADATA).unwrap();
    met.errors([
        luna.grants().verify(session, untrusted).await.err(),
        luna.grants().grant(session, token, None).await.err(),
        api.tokenize(session, VALUE.as_bytes(), &metadata)
            .await
            .err(),
        api.detokenize(session, token).await.err(),
        api.metadata(session, token).await.err(),
        api.upload(session, value(), &metadata).await.err(),
        read(&api, session, token).await.err(),
    ]);
}

pub(crate) fn value() -> StreamBody {
    let chunks = [Ok::<_, io::Error>(VALUE)];
    StreamBody::new(stream::iter(chunks)).with_length(VALUE.len() as u64)
}

/// Reads a value as a stream.
async fn read(
    api: &TokenizerClient,
    session: &SessionId,
    token: &VerifiedToken,
) -> Result<(), Error> {
    let mut value = api.download(session, token).await?;
    while value.next_chunk().await?.is_some() {}
    Ok(())
}

/// Everything that a hostile tokenizer was sent, wherever an answer has a text. Short words of its
/// own get into the log, for people; what it was sent does not.
fn echo(request: &Message) -> String {
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(_, value)| value.as_str())
        .collect();
    let text = format!(
        "{} {} {} 4111 1111",
        request.start,
        headers.join(" "),
        String::from_utf8_lossy(&request.body)
    );
    let text = serde_json::to_string(&text).unwrap();
    format!(
        r#"{{"success":false,"error":{{"errorName":{text},"errorMessage":{text},"name":{text},"message":{text}}},"data":{{"valid":{text},"tokenId":{text},"uploadUrl":{text},"downloadUrl":{text},"headers":{{}}}}}}"#
    )
}

pub(crate) async fn every_kind(world: &World, session: &SessionId, token: &VerifiedToken) {
    let mut met = Met::default();
    by_the_sdk(world, session, token, &mut met).await;
    by_the_application(world, session, token, &mut met).await;

    let line = world.line_to_tokenizer();
    for status in [200, 201, 302, 400, 401, 403, 404, 409, 429, 500, 503] {
        line.plan(move |_, request| {
            let headers =
                "content-type: application/json\r\nretry-after: 3600\r\nlocation: /canary\r\n";
            Fault::Instead(Act::Send(answer(status, headers, echo(request))))
        });
        call_all(world, session, token, &mut met).await;
    }
    let faults: [fn() -> Fault; 4] = [
        || Fault::Instead(Act::Reset(b"HTTP/1.1 200 OK\r\ncanary: ".to_vec())),
        || Fault::Instead(Act::Send(b"canary\r\n\r\n".to_vec())),
        || Fault::Instead(Act::Send(json(200, r#"{"success":true,"data":"canary"}"#))),
        || {
            let elsewhere = r#"{"success":true,"data":{"tokenId":"lunasec-0a1b2c3d-1111-4222-8333-444455556666","uploadUrl":"http://canary.example/eyJ","downloadUrl":"http://canary.example/eyJ","headers":{}}}"#;
            Fault::Instead(Act::Send(json(200, elsewhere)))
        },
    ];
    for fault in faults {
        line.plan(move |_, _| fault());
        call_all(world, session, token, &mut met).await;
    }
    line.mend();
    let api = world.luna().tokenizer();
    let own = api.upload(session, value(), &Metadata::string()).await;
    line.plan(|_, request| match request.path().starts_with("/blob/") {
        true => Fault::Spoil(|mut bytes| {
            bytes.pop();
            Act::Send(bytes)
        }),
        false => Fault::Pass,
    });
    met.errors([read(&api, session, &own.unwrap()).await.err()]);
    line.mend();
    // The application's own stream, with what it says of it.
    let failing = stream::iter([Ok(VALUE), Err(io::Error::other("the disk"))]);
    let failing = StreamBody::new(failing);
    met.errors([api
        .upload(session, failing, &Metadata::string())
        .await
        .err()]);
    // No secret provider is asked after the start yet.
    let unavailable = SecretError::Unavailable {
        origin: "the test".into(),
        source: None,
    };
    met.error(Error::new(ErrorKind::SecretUnavailable).with_source(unavailable));

    let every = EVERY_KIND.map(|kind| (kind.name().to_owned(), kind.status().as_str().to_owned()));
    assert_eq!(
        met.0,
        BTreeSet::from(every),
        "an error of every kind was met"
    );
}

async fn by_the_sdk(world: &World, session: &SessionId, token: &VerifiedToken, met: &mut Met) {
    let luna = world.luna();
    let other = world
        .application
        .log_in_as("bob", "canary-session-b1e0a7c4");
    met.errors([
        UntrustedToken::parse("canary").err(),
        Unverified::<Vec<VerifiedToken>>::from_json(b"[canary").err(),
        SessionId::new("").err(),
    ]);
    call_all(world, &other, token, met).await;
    let long: GrantDuration = "2h".parse().unwrap();
    let api = luna.tokenizer();
    let large = vec![b'c'; 1024 * 1024 + 1];
    met.errors([
        luna.grants().grant(session, token, long).await.err(),
        api.tokenize(session, &large, &Metadata::string())
            .await
            .err(),
    ]);

    world.clock.advance(Duration::from_secs(60));
    world
        .application
        .restart(world.luna_with(other_key()).await);
    let line = world.line_to_application();
    line.plan(|_, _| Fault::Instead(Act::Send(answer(302, "location: /canary\r\n", "canary"))));
    call_all(world, session, token, met).await;
    line.mend();
    world.application.restart(luna.clone());
    call_all(world, session, token, met).await;
    let impostor = world.luna_with(other_key()).await;
    met.errors([impostor.grants().grant(session, token, None).await.err()]);

    let now = world.clock.now();
    world
        .clock
        .set(SystemTime::UNIX_EPOCH - Duration::from_millis(1));
    met.errors([api.detokenize(session, token).await.err()]);
    world.clock.set(now);
}

/// Errors that only a request can make.
async fn by_the_application(
    world: &World,
    session: &SessionId,
    token: &VerifiedToken,
    met: &mut Met,
) {
    let app = world.application.url.clone();
    let profile = format!("{app}/profile");
    let frame = format!("{app}/.lunasec/secure-frame?state=canary-state");
    let body = format!(r#"{{"ssn":"{}","canary":1}}"#, token.expose_id());
    let mut browser = world.browser_of(session);
    let mut nobody = world.browser();
    let mut pages = vec![
        nobody
            .fetch(&app, Method::POST, &profile, &body)
            .await
            .unwrap(),
        browser.fetch(&app, Method::GET, &frame, "").await.unwrap(),
        browser
            .fetch(&app, Method::POST, &profile, "canary")
            .await
            .unwrap(),
        browser
            .send(
                Method::POST,
                &profile,
                &[("content-type", "text/plain")],
                b"canary",
            )
            .await
            .unwrap(),
    ];
    world.application.set_fault(ApplicationFault::SessionStore);
    pages.push(
        browser
            .fetch(&app, Method::POST, &profile, &body)
            .await
            .unwrap(),
    );
    pages.push(browser.send(Method::GET, &frame, &[], b"").await.unwrap());
    world.application.set_fault(ApplicationFault::None);
    for page in pages {
        assert!(!page.text().contains("canary"), "{}", page.text());
        let error = page.json()["error"].clone();
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        met.0.insert((text("name"), text("code")));
    }
}
