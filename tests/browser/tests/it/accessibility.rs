//! Secure elements for people who do not see, or do not use a mouse: axe finds nothing in any state.

use lunadefend_browser_tests::{FORM, Journey, SCRIPT, SECRET, journeys, pages, save};

journeys![every_element_in_every_state, errors_are_said];

async fn every_element_in_every_state(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    save(journey, "ann", SECRET).await;
    let page = "<label for=a>Card</label><luna-input id=a kind=card-number required session={session}></luna-input>\
         <luna-input id=b kind=textarea aria-label=Notes placeholder=Notes session={session}></luna-input>\
         <luna-input id=c aria-label=Off disabled session={session}></luna-input>\
         <luna-input id=d aria-label=SSN token={ssn} masked session={session}></luna-input>\
         <luna-input id=e kind=date aria-label=Birthday session={session}></luna-input>\
         <luna-file id=f aria-label=Scan session={session}></luna-file>\
         <luna-value id=g copy aria-label=SSN token={ssn} session={session}></luna-value>\
         <luna-value id=h reveal=click aria-label=SSN token={ssn} session={session}></luna-value>\
         <luna-download id=i token={ssn} session={session}>Save the scan</luna-download>";
    journey.app().set_page("all", &format!("{SCRIPT}{page}"));
    tab.open("/p/all").await;
    let all = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    for id in all {
        tab.find(&format!("#{id}:state(ready)")).await;
    }
    assert_eq!(tab.shown("#g").await, SECRET);
    check(journey, &all).await;
    // Wrong, filled in, and shown.
    tab.type_into("#a", "4111 1111 1111 1112").await;
    tab.type_into("#b", "some notes").await;
    tab.find("#a:state(invalid)").await;
    tab.click_in("#h", "#toggle").await;
    assert_eq!(tab.shown("#h").await, SECRET);
    check(journey, &["a", "b", "h"]).await;
}

async fn check(journey: &Journey, ids: &[&str]) {
    let tab = &journey.tab;
    tab.assert_accessible("the page").await;
    for id in ids {
        tab.enter(&format!("#{id}")).await;
        tab.assert_accessible(id).await;
        tab.leave().await;
    }
}

async fn errors_are_said(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    // Nobody is logged in.
    tab.open("/p/form").await;
    tab.find("#ssn:state(failed)").await;
    tab.assert_accessible("the page").await;
    let text = tab.within("#ssn", "[role=alert]", "textContent").await;
    assert!(!text.as_str().unwrap().is_empty());
    tab.open("/login/ann").await;
    tab.open("/p/form").await;
    tab.type_into("#ssn", "000-00-0000").await;
    tab.click("#save").await;
    tab.find("#ssn:state(invalid)").await;
    tab.enter("#ssn").await;
    // What describes the field is read with it, and when it changes.
    let note = tab.find("output#note:not(:empty)").await;
    assert!(!note.text().await.unwrap().is_empty());
    let field = tab.find("#field[aria-invalid=true]").await;
    assert_eq!(
        field.attr("aria-describedby").await.unwrap().unwrap(),
        "note"
    );
    tab.assert_accessible("the field").await;
}
