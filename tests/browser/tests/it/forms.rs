//! Secure fields in forms that page scripts have a hand in.

use lunadefend_browser_tests::{FORM, Journey, SCRIPT, SECRET, journeys, pages, save};
use thirtyfour::Key;

journeys![
    a_script_that_submits_sends_no_old_token,
    an_earlier_listener_gets_no_old_token,
    a_second_click_sends_nothing_twice,
    a_button_without_validation_makes_tokens_too,
    a_cleared_field_takes_the_token_away,
    a_script_sends_what_the_field_has_become,
    a_library_that_sends_forms_itself_gets_tokens,
    a_readonly_field_cannot_be_typed_into,
    a_field_that_moves_forgets_and_goes_on,
    a_field_outside_its_form_belongs_to_it,
    everything_goes_by_keyboard,
    a_form_that_only_a_script_sends_says_that_it_is_ready,
];

const OTHER: &str = "219-09-9999";
const TOKEN: &str = "return new FormData(document.forms[0]).get('ssn_token')";

/// The bodies of what was posted.
fn posted(journey: &Journey) -> Vec<String> {
    let recorded = journey.app().recorded();
    recorded
        .iter()
        .filter(|one| one.line == "POST /save")
        .map(|one| String::from_utf8_lossy(&one.bytes).into_owned())
        .collect()
}

async fn a_script_that_submits_sends_no_old_token(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    let old = journey.app().ssn_of("ann").unwrap();
    tab.open("/p/form").await;
    assert_eq!(tab.run(TOKEN).await, *old, "until something is typed");
    tab.type_into("#ssn", OTHER).await;
    tab.run("document.forms[0].submit()").await;
    tab.find("#saved").await;
    let last = posted(journey).pop().unwrap();
    assert!(!last.contains("ssn_token"), "{last}");
    assert!(!last.contains(&old), "{last}");
}

async fn an_earlier_listener_gets_no_old_token(journey: &Journey) {
    let tab = &journey.tab;
    // Before the module: this listener hears of everything first.
    let script = "<script>window.heard = []; addEventListener('submit', event => \
         heard.push(new FormData(event.target).get('ssn_token')), true)</script>";
    pages(journey, FORM);
    let policy = "default-src 'none'; script-src {tokenizer} 'unsafe-inline'; frame-src {tokenizer}; \
         connect-src 'self' {tokenizer}; form-action 'none'";
    let page = format!("{script}{SCRIPT}{FORM}");
    journey.app().set_page_with("heard", &page, Some(policy));
    save(journey, "ann", SECRET).await;
    let old = journey.app().ssn_of("ann").unwrap();
    tab.open("/p/heard").await;
    tab.type_into("#ssn", OTHER).await;
    tab.run("document.forms[0].requestSubmit()").await;
    tab.run("document.querySelector('#save').click()").await;
    // In the end it hears of the token of what was typed.
    let heard = "const done = arguments[0]; const look = () => heard.some(one => one) ? done(heard) \
         : setTimeout(look, 20); look()";
    let heard = tab.run_async(heard).await;
    let heard: Vec<_> = heard.as_array().unwrap().iter().collect();
    assert!(heard.iter().all(|one| **one != *old), "{heard:?}");
}

async fn a_second_click_sends_nothing_twice(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.run("const save = document.querySelector('#save'); save.click(); save.click(); document.forms[0].requestSubmit()")
        .await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    assert_eq!(posted(journey).len(), 1);
    let tokenizer = journey.world.front_of_tokenizer();
    assert_eq!(tokenizer.count("POST /v2/tokenize"), 1);
    // The value is in that request.
    assert_eq!(tokenizer.count("PUT /"), 0);
}

async fn a_button_without_validation_makes_tokens_too(journey: &Journey) {
    let tab = &journey.tab;
    let form = FORM.replace(
        "<button",
        "<input name=note required><button formnovalidate name=by value=draft",
    );
    pages(journey, &form);
    save(journey, "ann", SECRET).await;
    assert_eq!(tab.shown("#value").await, SECRET);
    let body = posted(journey).pop().unwrap();
    assert!(
        body.contains("ssn_token=lunasec-") && body.contains("by=draft"),
        "{body}"
    );
}

async fn a_cleared_field_takes_the_token_away(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    tab.open("/p/form").await;
    tab.find("#ssn:state(ready)").await;
    tab.run("document.querySelector('#ssn').clear()").await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert!(journey.app().ssn_of("ann").is_none());
}

async fn a_script_sends_what_the_field_has_become(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    tab.run(
        "window.events = []; for (const type of ['luna-state', 'luna-token', 'luna-error']) \
         document.addEventListener(type, event => events.push([type, event.target.id, event.detail]))",
    )
    .await;
    tab.type_into("#ssn", SECRET).await;
    let send = "const done = arguments[0]; document.forms[0].addEventListener('submit', async event => { \
         event.preventDefault(); const body = new URLSearchParams(new FormData(event.target)); \
         const answer = await fetch('/save', {method: 'POST', body, redirect: 'manual'}); done(answer.type); }); \
         document.querySelector('#save').click()";
    assert_eq!(tab.run_async(send).await, "opaqueredirect");
    let token = journey.app().ssn_of("ann").unwrap();
    let events = tab.run("return events").await;
    let events = events.as_array().unwrap();
    let of = |wanted: &str| {
        events
            .iter()
            .filter(|one| one[0] == wanted)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("luna-token").len(), 1, "{events:?}");
    assert_eq!(of("luna-token")[0][2]["token"], token);
    assert!(of("luna-error").is_empty(), "{events:?}");
    assert!(
        of("luna-state")
            .iter()
            .any(|one| one[2]["valid"] == true && one[2]["empty"] == false),
        "{events:?}"
    );
}

/// As htmx does: a listener of its own on the form, which stops the browser.
async fn a_library_that_sends_forms_itself_gets_tokens(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    tab.run(
        "window.sent = []; document.forms[0].addEventListener('submit', event => { event.preventDefault(); \
         if (!event.target.checkValidity()) return; sent.push(new FormData(event.target).get('ssn_token')); })",
    )
    .await;
    for value in [SECRET, OTHER] {
        tab.enter("#ssn").await;
        tab.find("#field").await.clear().await.unwrap();
        tab.leave().await;
        tab.type_into("#ssn", value).await;
        tab.run("sent.length = 0; document.querySelector('#save').click()")
            .await;
        let sent = "const done = arguments[0]; const look = () => sent.length ? done(sent) : setTimeout(look, 20); look()";
        let sent = tab.run_async(sent).await;
        assert_eq!(sent.as_array().unwrap().len(), 1, "{sent}");
        assert!(sent[0].as_str().unwrap().starts_with("lunasec-"), "{sent}");
    }
}

async fn a_readonly_field_cannot_be_typed_into(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, &FORM.replace("session=", "readonly session="));
    journey.open_as("ann", "form").await;
    tab.enter("#ssn").await;
    tab.find("#field:read-only").await;
    tab.leave().await;
    tab.run("document.querySelector('#ssn').removeAttribute('readonly')")
        .await;
    tab.enter("#ssn").await;
    tab.find("#field:read-write").await;
    tab.leave().await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
}

async fn a_field_that_moves_forgets_and_goes_on(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    journey.open_as("ann", "form").await;
    tab.type_into("#ssn", SECRET).await;
    tab.run("const field = document.querySelector('#ssn'); field.remove(); document.forms[0].prepend(field)")
        .await;
    assert_eq!(tab.typed("#ssn").await, "");
    tab.type_into("#ssn", OTHER).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, OTHER);
}

async fn a_field_outside_its_form_belongs_to_it(journey: &Journey) {
    let tab = &journey.tab;
    let form = "<luna-input id=ssn form=f name=ssn_token session={session} aria-label=SSN></luna-input>\
         <form id=f method=post action=/save></form><button id=save form=f>Save</button>";
    pages(journey, form);
    save(journey, "ann", SECRET).await;
    assert_eq!(tab.shown("#value").await, SECRET);
}

async fn everything_goes_by_keyboard(journey: &Journey) {
    let tab = &journey.tab;
    let form = r#"<input id="before" aria-label="before">
        <form method="post" action="/save">
          <luna-input id="ssn" name="ssn_token" kind="ssn" aria-label="SSN" session="{session}"></luna-input>
          <luna-input id="card" name="card_token" aria-label="Card" session="{session}"></luna-input>
          <button id="save">Save</button>
        </form>"#;
    pages(journey, form);
    journey.open_as("ann", "form").await;
    for field in ["#ssn:state(ready)", "#card:state(ready)"] {
        tab.find(field).await;
    }
    tab.click("#before").await;
    let forwards = async || tab.keys(Key::Tab + "").await;
    let backwards = async || {
        let chain = tab.driver.action_chain();
        let held = chain.key_down(Key::Shift).send_keys(Key::Tab + "");
        held.key_up(Key::Shift).perform().await.unwrap();
    };
    forwards().await;
    tab.find("#ssn:state(focused)").await;
    tab.keys(SECRET).await;
    forwards().await;
    tab.find("#card:state(focused)").await;
    backwards().await;
    tab.find("#ssn:state(focused)").await;
    backwards().await;
    tab.find("#before:focus").await;
    forwards().await;
    tab.find("#ssn:state(focused)").await;
    forwards().await;
    tab.find("#card:state(focused)").await;
    tab.keys("a card").await;
    forwards().await;
    tab.find("#save:focus").await;
    tab.keys(Key::Enter + "").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    let body = posted(journey).pop().unwrap();
    assert!(body.contains("card_token=lunasec-"), "{body}");
}

/// The browser says nothing to the element of who sends a form that is not valid yet.
async fn a_form_that_only_a_script_sends_says_that_it_is_ready(journey: &Journey) {
    let tab = &journey.tab;
    pages(
        journey,
        &FORM.replace("id=\"save\"", "id=\"save\" type=\"button\""),
    );
    journey.open_as("ann", "form").await;
    tab.find("#ssn:state(ready)").await;
    tab.run("document.querySelector('#save').onclick = () => document.forms[0].requestSubmit()")
        .await;
    tab.type_into("#ssn", SECRET).await;
    let ready = "const done = arguments[0]; \
         document.querySelector('#ssn').addEventListener('luna-token', () => setTimeout(done)); \
         document.activeElement.blur(); document.querySelector('#save').click()";
    tab.run_async(ready).await;
    let said = tab.within("#ssn", "[part=error]", "textContent").await;
    assert_eq!(said, "This field is ready now. Send the form.");
    assert_eq!(journey.app().count("POST /save"), 0);
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
}
