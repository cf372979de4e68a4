//! States of elements that other journeys pass by: what is said in them, and what it costs.

use lunadefend_browser_tests::{FORM, Journey, SCRIPT, SECRET, journeys, never_came, pages, save};
use thirtyfour::Key;

journeys![
    a_page_of_an_unknown_origin_is_told_so,
    failed_elements_are_accessible,
    what_is_copied_is_the_value,
    a_disabled_field_can_be_enabled,
];

/// The application by a name that the tokenizer does not know.
async fn a_page_of_an_unknown_origin_is_told_so(journey: &Journey) {
    let tab = &journey.tab;
    pages(
        journey,
        &FORM.replace("<button", "<input id=note name=note><button"),
    );
    let origin = journey.application_origin();
    let other = origin.replace("app.shop", "other.shop");
    assert_ne!(other, origin);
    tab.driver.goto(format!("{other}/p/form")).await.unwrap();
    let note = tab.find("#note").await;
    note.send_keys("typed").await.unwrap();
    tab.find("#ssn:state(failed)").await;
    tab.find("#ssn:not(:state(ready))").await;
    let said = tab.within("#ssn", "[role=alert]", "textContent").await;
    let words = "This secure field could not be loaded. Reload the page to try again.";
    assert_eq!(said, words);
    let commit = "const done = arguments[0]; document.querySelector('#ssn').commit().then(done, error => done(error.name))";
    assert_eq!(tab.run_async(commit).await, "unreachable");
    // A form whose field is not there is not sent as if nothing had to be typed.
    tab.click("#save").await;
    let message = "return document.querySelector('#ssn').validationMessage";
    assert_eq!(tab.run(message).await, words);
    assert_eq!(journey.app().count("POST /save"), 0);
    let typed = tab
        .run("return document.querySelector('#note').value")
        .await;
    assert_eq!(typed, "typed", "nothing typed is lost");
    let front = journey.world.front_of_tokenizer();
    assert_eq!(front.count("POST /"), 0);
}

async fn failed_elements_are_accessible(journey: &Journey) {
    let tab = &journey.tab;
    let token = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
    let page = format!(
        "{SCRIPT}<luna-input id=a aria-label=SSN session={{session}}></luna-input>\
         <luna-file id=b aria-label=Scan session={{session}}></luna-file>\
         <luna-value id=c aria-label=SSN token={token} session={{session}}></luna-value>\
         <luna-image id=d alt=Photo token={token} session={{session}}></luna-image>\
         <luna-download id=e token={token} session={{session}}>Scan</luna-download>"
    );
    journey.app().set_page("all", &page);
    // Nobody is logged in.
    tab.open("/p/all").await;
    for id in ["a", "b", "c", "d", "e"] {
        let element = format!("#{id}");
        tab.find(&format!("{element}:state(failed)")).await;
        let said = tab.within(&element, "[role=alert]", "textContent").await;
        assert_eq!(said, "You are not logged in. Log in and try again.", "{id}");
        tab.enter(&element).await;
        tab.assert_accessible(id).await;
        tab.leave().await;
    }
    tab.assert_accessible("the page").await;
}

async fn what_is_copied_is_the_value(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    let page = "<luna-value id=plain token={ssn} session={session}></luna-value>\
        <luna-value id=value copy token={ssn} session={session}></luna-value>\
        <textarea id=target aria-label=target></textarea>";
    journey.app().set_page("show", &format!("{SCRIPT}{page}"));
    tab.open("/p/show").await;
    assert_eq!(tab.shown("#plain").await, SECRET);
    tab.enter("#plain").await;
    tab.find("#copy[hidden]").await;
    tab.leave().await;
    assert_eq!(tab.shown("#value").await, SECRET);
    tab.enter("#value").await;
    let label = tab.find("#copy").await.text().await.unwrap();
    tab.click("#copy").await;
    let copied = "const done = arguments[0]; const look = () => document.querySelector('#copy').textContent \
         !== arguments_ ? done(document.querySelector('#copy').textContent) : setTimeout(look, 20); look()";
    let copied = copied.replace("arguments_", &format!("'{label}'"));
    assert_eq!(tab.run_async(&copied).await, "Copied");
    tab.leave().await;
    tab.click("#target").await;
    let target = tab.find("#target").await;
    target.send_keys(Key::Control + "v").await.unwrap();
    let pasted = target.prop("value").await.unwrap();
    assert_eq!(pasted.unwrap(), SECRET);
    never_came(journey, SECRET);
}

async fn a_disabled_field_can_be_enabled(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, &FORM.replace("session=", "disabled session="));
    journey.open_as("ann", "form").await;
    tab.enter("#ssn").await;
    tab.find("#field:disabled").await;
    tab.leave().await;
    let names = "return [...new FormData(document.forms[0]).keys()]";
    assert_eq!(tab.run(names).await, serde_json::json!([]));
    tab.run("document.querySelector('#ssn').removeAttribute('disabled')")
        .await;
    tab.enter("#ssn").await;
    tab.find("#field:enabled").await;
    tab.leave().await;
    tab.type_into("#ssn", SECRET).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(tab.shown("#value").await, SECRET);
    never_came(journey, SECRET);
}
