//! What a page gets from the facade is what its tokenizer serves.

use http::Method;
use lunadefend::Elements;
use lunadefend_crypto::{base64, sha384};
use lunadefend_tests::{Hosts, Settings, World};

async fn world(path: &'static str) -> World {
    World::with(Settings {
        hosts: Hosts::SameSite,
        path,
        ..Settings::default()
    })
    .await
}

/// The attribute of a script tag, as a browser reads it: nothing in these addresses is escaped.
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let (_, after) = tag.split_once(&format!(" {name}=\"")).unwrap();
    after.split('"').next().unwrap()
}

async fn tag_is_served(path: &'static str) {
    let world = world(path).await;
    let (app, luna) = (&world.application.url, world.luna());
    let tag = luna.elements().script_tag();
    let src = attribute(tag, "src");
    assert!(src.starts_with(&format!("{}/elements/", world.tokenizer.url)));

    let mut browser = world.browser();
    let module = browser.fetch(app, Method::GET, src, "").await.unwrap();
    assert_eq!(module.status, 200, "{}", module.text());
    let hash = base64(&sha384(&module.body));
    assert_eq!(attribute(tag, "integrity"), format!("sha384-{hash}"));
    // What `crossorigin` and `type="module"` ask for.
    assert_eq!(module.header("access-control-allow-origin"), "*");
    assert_eq!(
        module.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert!(module.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn the_tag_is_that_of_a_module_that_is_served() {
    tag_is_served("").await;
}

#[tokio::test]
async fn also_where_the_tokenizer_has_a_path() {
    tag_is_served("/prod").await;
}

/// The sources of one directive.
fn sources<'a>(elements: &'a Elements, directive: &str) -> Vec<&'a str> {
    let policy = elements.content_security_policy();
    let mut directives = policy.split("; ").map(|text| text.split(' '));
    let found = directives.find_map(|mut words| (words.next() == Some(directive)).then_some(words));
    found.unwrap().collect()
}

#[tokio::test]
async fn the_sources_are_what_elements_and_frames_ask_for() {
    let world = world("/prod").await;
    let (app, luna) = (world.application.url.clone(), world.luna());
    let elements = luna.elements();
    assert_eq!(sources(elements, "script-src"), [elements.script_url()]);

    // The frame, as an element loads it.
    let [frame] = sources(elements, "frame-src")[..] else {
        panic!("{}", elements.content_security_policy())
    };
    let mut browser = world.browser();
    let pages = browser.follow(&app, frame, "navigate", "iframe");
    let pages = pages.await.unwrap();
    let statuses: Vec<u16> = pages.iter().map(|page| page.status).collect();
    assert_eq!(statuses, [200]);

    // The transfer, by all its addresses.
    let ann = world.application.log_in("ann");
    let mut browser = world.browser_of(&ann);
    let tokenizer = world.tokenizer.url.clone();
    let state = browser
        .fetch(
            &tokenizer,
            Method::POST,
            &format!("{tokenizer}/session/state"),
            "{}",
        )
        .await
        .unwrap();
    let state = state.json()["data"]["state"].as_str().unwrap().to_owned();
    let start = format!("{app}/.lunasec/secure-frame?state={state}");
    let trail = browser.load_no_cors(&app, &start).await.unwrap();
    let [own, transfer] = &trail[..] else {
        panic!("{trail:?}")
    };
    assert_eq!((own.status, transfer.status), (302, 200));
    assert_eq!(own.url.origin().ascii_serialization(), app);
    let mut address = transfer.url.clone();
    address.set_query(None);
    assert_eq!(
        sources(elements, "connect-src"),
        ["'self'", address.as_str()]
    );
}
