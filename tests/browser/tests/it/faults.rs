//! What goes wrong around secure elements, and what people and developers are told.

use lunadefend_browser_tests::{FORM, Journey, SCRIPT, SECRET, journeys, pages};

journeys![
    a_tokenizer_that_restarts_loses_nothing_typed,
    a_value_that_is_too_large_is_said_before_it_is_sent,
    a_policy_without_the_frame_is_said_to_developers,
    a_module_that_does_not_load_leaves_a_form_that_sends_nothing_secret,
    a_page_without_a_session_is_a_mistake,
];

/// The name of the next failure of the field.
const FAILURE: &str = "const done = arguments[0]; const field = document.querySelector('#ssn'); \
     field.addEventListener('luna-error', event => done(event.detail.name)); \
     document.querySelector('#save').click()";

async fn a_tokenizer_that_restarts_loses_nothing_typed(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    journey.world.front_of_tokenizer().cut();
    assert_eq!(tab.run_async(FAILURE).await, "network");
    assert_eq!(journey.app().count("POST /save"), 0);
    assert_eq!(tab.typed("#ssn").await, SECRET);
    journey.world.front_of_tokenizer().mend();
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
}

async fn a_value_that_is_too_large_is_said_before_it_is_sent(journey: &Journey) {
    let tab = &journey.tab;
    let form = r#"<form method="post" action="/save">
          <luna-file id="ssn" name="photo_token" aria-label="Scan" session="{session}"></luna-file>
          <button id="save">Save</button></form>"#;
    pages(journey, form);
    let file = tempfile::Builder::new().suffix(".pdf").tempfile().unwrap();
    file.as_file().set_len(64 * 1024 * 1024 + 1).unwrap();
    journey.open_as("ann", "form").await;
    tab.enter("#ssn").await;
    let limit = tab.find("#note").await.text().await.unwrap();
    assert!(limit.contains("MiB"), "{limit}");
    tab.type_into("#ssn", file.path().display().to_string())
        .await;
    tab.click("#save").await;
    tab.find("#ssn:state(invalid)").await;
    tab.enter("#ssn").await;
    let note = tab.find("#note").await.text().await.unwrap();
    assert!(note.contains("too large"), "{note}");
    assert_eq!(journey.app().count("POST /save"), 0);
    assert_eq!(
        journey
            .world
            .front_of_tokenizer()
            .count("POST /v2/tokenize"),
        0
    );
}

async fn a_policy_without_the_frame_is_said_to_developers(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    let policy = "default-src 'none'; script-src {tokenizer}; connect-src 'self' {tokenizer}";
    let app = journey.app();
    app.set_page_with("form", &format!("{SCRIPT}{FORM}"), Some(policy));
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(failed)").await;
    let console = journey.console().await.join("\n");
    assert!(console.contains("frame-src"), "{console}");
    assert_eq!(app.count("POST /save"), 0);
}

async fn a_module_that_does_not_load_leaves_a_form_that_sends_nothing_secret(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    let policy = "default-src 'none'; frame-src {tokenizer}; form-action 'self'";
    let app = journey.app();
    app.set_page_with("form", &format!("{SCRIPT}{FORM}"), Some(policy));
    journey.open_as("ann", "form").await;
    tab.find("#ssn").await;
    assert_eq!(
        tab.run("return document.querySelector('#ssn').shadowRoot")
            .await,
        serde_json::Value::Null
    );
    tab.click("#save").await;
    tab.find("#saved").await;
    assert!(app.ssn_of("ann").is_none());
}

async fn a_page_without_a_session_is_a_mistake(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, &FORM.replace(" session=\"{session}\"", ""));
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(failed)").await;
    let text = tab.within("#ssn", "[part=error]", "textContent").await;
    assert_eq!(text, "This secure field is not set up correctly.");
}
