//! What these tests share: pages of an application that uses LunaSec's React SDK.

use lunadefend_browser_tests::{Engine, Journey, Tab, ThirdPartyCookies, run_with, settings};
use lunadefend_tests::Settings;
use serde_json::Value;
use thirtyfour::{Key, TypingData};

/// The page's side of the SDK: see there.
const SDK: &str = include_str!("sdk.js");
/// The tag that a page of such an application has.
pub(crate) const SCRIPT: &str = "<script src=/s/sdk.js data-tokenizer={tokenizer}></script>";
const FORM: &str = "<h1>Form</h1><form method=post action=/save>\
    <div id=ssn name=ssn_token data-component=Input data-validator=SSN></div>\
    <div id=card name=card_token data-component=TextArea></div>\
    <button id=save>Save</button></form>";
const SAVED: &str = "<h1 id=saved>Saved</h1>\
    <div id=ssn data-component=Paragraph data-token={ssn}></div>\
    <div id=card data-component=Paragraph data-token={card}></div>\
    <div id=again data-component=Input data-token={ssn}></div>";
/// What the SDK needs of a page, and frames of the application itself.
const POLICY: &str = "default-src 'none'; script-src 'self' {tokenizer}; frame-src 'self' {tokenizer}; \
    connect-src 'self' {tokenizer}; form-action 'self'; base-uri 'none'";

/// Runs a test where the tokenizer allows the SDK.
pub(crate) async fn run(name: &str, engine: Engine, test: impl AsyncFnOnce(&Journey)) {
    let settings = Settings {
        tokenizer: |builder| builder.react_sdk(true),
        ..settings()
    };
    run_with(name, engine, settings, ThirdPartyCookies::Default, test).await;
}

/// The page `form`, and the page `saved`, which shows what was saved.
pub(crate) fn set_pages(journey: &Journey) {
    set_page(journey, "form", FORM);
    set_page(journey, "saved", SAVED);
}

/// Makes a page with elements of the SDK.
pub(crate) fn set_page(journey: &Journey, name: &str, html: &str) {
    let app = journey.app();
    app.set_script("sdk.js", SDK);
    app.set_page_with(name, &format!("{SCRIPT}{html}"), Some(POLICY));
}

/// The same without the session that the SDK ensures first.
pub(crate) fn set_page_without_session(journey: &Journey, name: &str, html: &str) {
    set_page(journey, name, html);
    let script = SCRIPT.replace("></script>", " data-session=no></script>");
    let html = format!("{script}{html}");
    journey.app().set_page_with(name, &html, Some(POLICY));
}

/// What script of the page gives that uses `await`.
pub(crate) async fn page(tab: &Tab, script: &str) -> Value {
    tab.leave().await;
    let script = format!(
        "const done = arguments[0]; (async () => {{ await window.sdk?.rendered; {script} }})().then(done, \
         (error) => done('failed: ' + error + ' ' + error?.stack))"
    );
    let result = tab.run_async(&script).await;
    if let Some(text) = result.as_str() {
        assert!(!text.starts_with("failed: "), "{text}");
    }
    result
}

/// Goes into the frame of an element that says that it is ready.
pub(crate) async fn enter(tab: &Tab, id: &str) {
    enter_as_it_is(tab, &format!("#{id}-frame.loaded")).await;
}

/// The same with a selector of the frame, whatever it says.
pub(crate) async fn enter_as_it_is(tab: &Tab, css: &str) {
    tab.leave().await;
    tab.find(css).await.enter_frame().await.unwrap();
}

/// Types into a field, and leaves the focus there.
pub(crate) async fn type_into(tab: &Tab, id: &str, text: impl Into<TypingData>) {
    enter(tab, id).await;
    tab.find("#field").await;
    // Once it is there a click would take a selection away.
    if tab.run("return document.hasFocus()").await == false {
        tab.click("#field").await;
        // The frame may know it later than the driver.
        let focused = "const look = (done) => document.hasFocus() ? done() : setTimeout(look, 20, done); \
            look(arguments[0])";
        tab.run_async(focused).await;
    }
    tab.find("#field").await.send_keys(text).await.unwrap();
    tab.leave().await;
}

/// Empties a field by the keyboard, and leaves the focus there.
pub(crate) async fn empty(tab: &Tab, id: &str) {
    type_into(tab, id, Key::Control + "a").await;
    type_into(tab, id, Key::Delete + "").await;
}

/// What a field holds.
pub(crate) async fn value(tab: &Tab, id: &str) -> String {
    enter(tab, id).await;
    let value = tab.find("#field").await.prop("value").await.unwrap();
    tab.leave().await;
    value.unwrap_or_default()
}

/// The text that a paragraph shows.
pub(crate) async fn text(tab: &Tab, id: &str) -> String {
    enter(tab, id).await;
    let text = tab.find("#value").await.prop("textContent").await.unwrap();
    tab.leave().await;
    text.unwrap_or_default()
}

/// Leaves whatever field has the focus, as by a click beside it.
pub(crate) async fn leave_field(tab: &Tab) {
    tab.leave().await;
    tab.click("h1").await;
}

/// Commits a field, and gives the reply.
pub(crate) async fn commit(tab: &Tab, id: &str) -> Value {
    tab.leave().await;
    tab.find(&format!("#{id}-frame.loaded")).await;
    page(tab, &format!("return sdk.commit('{id}')")).await
}

/// Commits a field, and gives its token.
pub(crate) async fn token(tab: &Tab, id: &str) -> String {
    let reply = commit(tab, id).await;
    assert_eq!(reply["success"], true, "{reply}");
    reply["token"].as_str().unwrap().to_owned()
}

/// The n-th notification of a kind, which may still have to come.
pub(crate) async fn hears(tab: &Tab, id: &str, command: &str, n: usize) -> Value {
    page(tab, &format!("return sdk.hears('{id}', '{command}', {n})")).await
}

/// How many notifications of a kind have come.
pub(crate) async fn heard(tab: &Tab, id: &str, command: &str) -> usize {
    let all = page(tab, &format!("return sdk.heard('{id}', '{command}')")).await;
    all.as_array().unwrap().len()
}

/// Nothing that came to the application has the secret in it, and nothing has broken the page's library.
pub(crate) async fn is_well(journey: &Journey, secrets: &[&str]) {
    for request in journey.app().recorded() {
        let bytes = String::from_utf8_lossy(&request.bytes);
        for secret in secrets {
            assert!(!bytes.contains(secret), "{}", request.line);
        }
        assert!(!request.line.contains("stolen"), "{}", request.line);
    }
    let is_of_sdk = page(&journey.tab, "return 'sdk' in window").await;
    if is_of_sdk == true {
        let broken = page(&journey.tab, "return sdk.broken").await;
        assert_eq!(broken, serde_json::json!([]));
    }
}
