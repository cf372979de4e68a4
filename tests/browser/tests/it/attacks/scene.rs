//! What the attacks share: hostile pages, secrets, and the search for them.

use lunadefend_browser_tests::{Engine, Journey, Tab};
use lunadefend_crypto::{base64, hex, random_bytes};
use lunadefend_tests::Hosts;
use serde_json::Value;

/// The tag that an honest page has.
pub(crate) use lunadefend_browser_tests::SCRIPT as MODULE;

/// Script of an attacker: see there.
const SPY: &str = include_str!("spy.js");

/// Runs an attack in a browser.
pub(crate) async fn run(name: &str, engine: Engine, test: impl AsyncFnOnce(&Journey)) {
    lunadefend_browser_tests::run(name, engine, Hosts::SameSiteLocalhost, test).await;
}

/// Text that occurs nowhere else.
pub(crate) fn secret() -> String {
    format!("Secret-{}", hex(&random_bytes::<12>().unwrap()))
}

/// Makes a page where the spy runs before anything else, and no policy stops it.
pub(crate) fn set_hostile_page(journey: &Journey, name: &str, html: &str) {
    let html = format!("<script>{SPY}</script>{html}");
    journey.app().set_page_with(name, &html, None);
}

/// The spy as a script of its own, for pages that must not have inline script.
pub(crate) fn spy(journey: &Journey) -> String {
    SPY.replace("{tokenizer}", &journey.world.tokenizer.url)
}

/// Stores a secret as a user does, and stays logged in. The user has one token only: that of this secret.
pub(crate) async fn store(journey: &Journey, user: &str, secret: &str) {
    let form = "<form method=post action=/save>\
        <luna-input id=field name=ssn_token session={session}></luna-input><button id=save>Save</button></form>";
    let app = journey.app();
    app.set_page("honest-form", &format!("{MODULE}{form}"));
    app.set_page("saved", "<h1 id=saved>Saved</h1>");
    journey.open_as(user, "honest-form").await;
    let tab = &journey.tab;
    tab.type_into("#field", secret).await;
    tab.click("#save").await;
    tab.find("#saved").await;
}

/// A page that shows what the user has stored, as the user's own application makes it.
pub(crate) async fn sees(journey: &Journey, secret: &str) {
    let value = "<luna-value id=value token={ssn} session={session}></luna-value>";
    journey
        .app()
        .set_page("honest-value", &format!("{MODULE}{value}"));
    journey.tab.open("/p/honest-value").await;
    assert_eq!(journey.tab.shown("#value").await, secret);
}

/// Runs script of the page that uses `await`, and gives what it returns.
pub(crate) async fn attack(tab: &Tab, script: &str) -> Value {
    let script = format!(
        "const done = arguments[0]; (async () => {{ {script} }})().then(done, \
         (error) => done('failed: ' + error + ' ' + error?.stack))"
    );
    let result = tab.run_async(&script).await;
    if let Some(text) = result.as_str() {
        assert!(!text.starts_with("failed: "), "{text}");
    }
    result
}

/// Everything that the script of the page can see, by place.
pub(crate) async fn loot(tab: &Tab) -> Vec<(String, String)> {
    let loot = attack(tab, "return spy.loot()").await;
    let places = loot.as_object().unwrap();
    places
        .iter()
        .map(|(place, text)| (place.clone(), text.as_str().unwrap().to_owned()))
        .collect()
}

/// The script of the page has not got the secret, in no spelling, and neither has the application.
pub(crate) async fn is_safe(journey: &Journey, secret: &str) {
    for (place, text) in loot(&journey.tab).await {
        is_not_in(secret, &text, &place);
    }
    never_came(journey, secret).await;
}

/// The application has not got the secret, and it is not on the browser's console.
pub(crate) async fn never_came(journey: &Journey, secret: &str) {
    for request in journey.app().recorded() {
        is_not_in(
            secret,
            &String::from_utf8_lossy(&request.bytes),
            &request.line,
        );
    }
    for line in journey.console().await {
        is_not_in(secret, &line, "the console");
    }
}

fn is_not_in(secret: &str, text: &str, place: &str) {
    let reversed: String = secret.chars().rev().collect();
    let encoded = base64(secret.as_bytes());
    for spelling in [
        secret,
        &secret.to_uppercase(),
        &reversed,
        encoded.trim_end_matches('='),
        &hex(secret.as_bytes()),
    ] {
        assert!(!text.contains(spelling), "{spelling} is in {place}");
    }
}
