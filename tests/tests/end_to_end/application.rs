//! An axum application: what comes in is verified, what goes out is granted, and theft fails.

use http::Method;
use lunadefend::Metadata;
use lunadefend_tests::{ApplicationFault, Browser, Page, World};

async fn post(world: &World, browser: &mut Browser, body: &str) -> Page {
    let app = &world.application.url;
    browser
        .fetch(app, Method::POST, &format!("{app}/profile"), body)
        .await
        .unwrap()
}

async fn get(world: &World, browser: &mut Browser) -> Page {
    let app = &world.application.url;
    browser
        .fetch(app, Method::GET, &format!("{app}/profile"), "")
        .await
        .unwrap()
}

/// The status and the name of the error.
#[track_caller]
fn error(page: &Page) -> (u16, String) {
    let json = page.json();
    assert_eq!(json["success"], false, "{}", page.text());
    let error = &json["error"];
    assert_eq!(error["code"], page.status.to_string());
    assert!(error["message"].is_string());
    (page.status, error["name"].as_str().unwrap().to_owned())
}

fn named(status: u16, name: &str) -> (u16, String) {
    (status, name.to_owned())
}

#[tokio::test]
async fn a_token_goes_in_and_comes_out_and_is_not_stolen() {
    let world = World::start().await;
    let (ann, bob) = (
        world.application.log_in("ann"),
        world.application.log_in("bob"),
    );
    let (mut anns, mut bobs) = (world.browser_of(&ann), world.browser_of(&bob));
    let api = world.luna().tokenizer();
    let token = api
        .tokenize(&ann, b"078-05-1120", &Metadata::string())
        .await
        .unwrap();
    let id = token.expose_id();
    let body = format!(r#"{{"ssn":"{id}"}}"#);

    // The thief has the token, but no grant of it.
    let page = post(&world, &mut bobs, &body).await;
    assert_eq!(error(&page), named(401, "invalidGrant"));
    assert_eq!(page.json()["error"]["message"], "Grant Invalid");
    assert!(!page.text().contains(id));
    assert!(world.application.stored("bob").is_none());

    let page = post(&world, &mut anns, &body).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(world.application.stored("ann"), Some(token.clone()));

    // Hidden behind a token of his own.
    let own = api
        .tokenize(&bob, b"own", &Metadata::string())
        .await
        .unwrap();
    for body in [
        format!(r#"{{"ssn":"{}","others":["{id}"]}}"#, own.expose_id()),
        format!(r#"{{"ssn":"{id}","others":["{}"]}}"#, own.expose_id()),
    ] {
        let page = post(&world, &mut bobs, &body).await;
        assert_eq!(error(&page), named(401, "invalidGrant"));
        assert!(world.application.stored("bob").is_none());
    }

    // A new log-in is a new session: the token is granted anew on the way out.
    let ann = world.application.log_in("ann");
    let mut anns = world.browser_of(&ann);
    assert!(api.detokenize(&ann, &token).await.is_err());
    let page = get(&world, &mut anns).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(page.json()["ssn"], id);
    assert_eq!(page.header("cache-control"), "no-store");
    let read = api.detokenize(&ann, &token).await.unwrap();
    assert_eq!(read.expose_secret(), b"078-05-1120");
    let page = get(&world, &mut bobs).await;
    assert!(page.json()["ssn"].is_null(), "{}", page.text());
}

#[tokio::test]
async fn what_is_no_request_of_ours_is_refused_without_an_echo() {
    let world = World::start().await;
    let ann = world.application.log_in("ann");
    let mut anns = world.browser_of(&ann);
    for (body, name) in [
        (r#"{"ssn":"canary-4111"}"#, "badToken"),
        (r#"{"ssn":4111}"#, "badToken"),
        (r#"{"ssn":["canary-4111"]}"#, "badToken"),
        (r#"{"ssn":"lunasec-canary"}"#, "badToken"),
        (r#"{"others":["canary-4111"]}"#, "badToken"),
        (r#"{"ssn":null,"ssn":null}"#, "badRequest"),
        (r#"{"ssn":null"#, "badRequest"),
        ("canary-4111", "badRequest"),
    ] {
        let page = post(&world, &mut anns, body).await;
        assert_eq!(error(&page), named(400, name), "{body}");
        assert!(
            !page.text().contains("canary") && !page.text().contains("4111"),
            "{}",
            page.text()
        );
    }
    let page = post(&world, &mut anns, r#"["canary-4111"]"#).await;
    assert_eq!(error(&page).0, 400);
    assert!(!page.text().contains("canary"), "{}", page.text());
    let app = &world.application.url;
    let page = anns
        .send(
            Method::POST,
            &format!("{app}/profile"),
            &[("content-type", "text/plain")],
            b"{}",
        )
        .await
        .unwrap();
    assert_eq!(error(&page), named(415, "unsupportedMediaType"));

    let mut nobody = world.browser();
    for page in [
        post(&world, &mut nobody, "{}").await,
        get(&world, &mut nobody).await,
    ] {
        assert_eq!(error(&page), named(401, "sessionError"));
    }
    world.application.set_fault(ApplicationFault::SessionStore);
    for page in [
        post(&world, &mut anns, "{}").await,
        get(&world, &mut anns).await,
    ] {
        assert_eq!(error(&page), named(500, "sessionError"));
    }
}
