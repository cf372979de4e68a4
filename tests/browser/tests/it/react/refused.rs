//! What the page hears when there is no session, no grant or no frame.

use super::scene::{
    commit, enter, enter_as_it_is, heard, hears, is_well, leave_field, page, set_page,
    set_page_without_session, set_pages, text, token, type_into, value,
};
use lunadefend_browser_tests::{Journey, SECRET};
use serde_json::{Value, json};

in_browsers![
    who_is_not_logged_in_is_told,
    a_token_without_a_grant_is_not_shown,
    another_user_of_the_browser_gets_nothing_through_an_open_frame,
    after_a_log_out_nothing_stays_that_was_shown,
    a_session_that_the_page_had_a_hand_in_serves_no_frame,
    refused_transfers_break_no_page,
    another_origin_in_the_parameter_gets_no_frame,
];

const FIELD: &str = "<h1>Form</h1><div id=ssn data-component=Input></div>";
const NO_GRANT: &str = "lunasec-11111111-1111-4111-8111-111111111111";

fn assert_is_unauthorized(error: &Value) {
    assert_eq!(
        (&error["name"], &error["code"]),
        (&json!("Unauthorized"), &json!("401"))
    );
}

async fn who_is_not_logged_in_is_told(journey: &Journey) {
    let tab = &journey.tab;
    set_page(journey, "form", FIELD);
    tab.open("/p/form").await;
    tab.find("body.rendered").await;
    let refused = page(tab, "return sdk.refused").await;
    assert_eq!(
        (&refused["name"], &refused["code"]),
        (&json!("authError"), &json!("400"))
    );
    type_into(tab, "ssn", SECRET).await;
    leave_field(tab).await;
    let reply = commit(tab, "ssn").await;
    assert_eq!(reply["success"], false);
    assert!(reply["error"].is_string());
    let error = hears(tab, "ssn", "NotifyOnError", 1).await;
    assert_is_unauthorized(&error);
    assert!(error["message"].is_string());
    assert_eq!(value(tab, "ssn").await, SECRET, "nothing typed is lost");
    // Logged in, the same field gives a token.
    page(tab, "await fetch('/login/ann'); await sdk.ensure()").await;
    assert!(token(tab, "ssn").await.starts_with("lunasec-"));
    assert_eq!(heard(tab, "ssn", "NotifyOnError").await, 1);
    is_well(journey, &[SECRET]).await;
}

async fn a_token_without_a_grant_is_not_shown(journey: &Journey) {
    let tab = &journey.tab;
    let elements = format!(
        "<h1>Show</h1><div id=text data-component=Paragraph data-token={NO_GRANT}></div>\
         <div id=ssn data-component=Input data-token={NO_GRANT}></div>\
         <div id=link data-component=Downloader data-token={NO_GRANT}></div>\
         <div id=files data-component=Uploader data-files={NO_GRANT}></div>"
    );
    set_page(journey, "show", &elements);
    journey.open_as("ann", "show").await;
    for id in ["text", "ssn", "link", "files"] {
        hears(tab, id, "NotifyOnFullyLoaded", 1).await;
        assert_eq!(heard(tab, id, "NotifyOnError").await, 1, "{id}");
        let error = hears(tab, id, "NotifyOnError", 1).await;
        assert_eq!(
            (&error["name"], &error["code"]),
            (&json!("TokenizerError"), &json!("400"))
        );
        assert!(!error["message"].as_str().unwrap().contains("lunasec-"));
    }
    assert_eq!(text(tab, "text").await, "");
    assert_eq!(value(tab, "ssn").await, "");
    // Nobody has changed it: what the application has stored stays.
    assert_eq!(token(tab, "ssn").await, NO_GRANT);
    is_well(journey, &[]).await;
}

async fn another_user_of_the_browser_gets_nothing_through_an_open_frame(journey: &Journey) {
    let tab = &journey.tab;
    set_page(journey, "form", FIELD);
    journey.open_as("ann", "form").await;
    type_into(tab, "ssn", SECRET).await;
    leave_field(tab).await;
    let of_ann = token(tab, "ssn").await;
    page(tab, "await fetch('/login/bob')").await;
    assert!(
        page(tab, "return sdk.ensure()").await.is_null(),
        "bob has a session"
    );
    type_into(tab, "ssn", "1").await;
    leave_field(tab).await;
    assert_eq!(commit(tab, "ssn").await["success"], false);
    assert_is_unauthorized(&hears(tab, "ssn", "NotifyOnError", 1).await);
    // A frame of his own knows him, and has no grant for what is Ann's.
    set_page(
        journey,
        "show",
        &format!("<h1>Show</h1><div id=text data-component=Paragraph data-token={of_ann}></div>"),
    );
    tab.open("/p/show").await;
    assert_eq!(hears(tab, "text", "NotifyOnError", 1).await["code"], "400");
    assert_eq!(text(tab, "text").await, "");
    is_well(journey, &[SECRET]).await;
}

async fn after_a_log_out_nothing_stays_that_was_shown(journey: &Journey) {
    let tab = &journey.tab;
    set_pages(journey);
    journey.open_as("ann", "form").await;
    type_into(tab, "ssn", SECRET).await;
    leave_field(tab).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(text(tab, "ssn").await, SECRET);
    assert_eq!(value(tab, "again").await, SECRET);
    let first = tab.open_beside("/logout").await;
    tab.return_to(first).await;
    for id in ["ssn", "again"] {
        assert_eq!(hears(tab, id, "NotifyOnError", 1).await["code"], "401");
    }
    assert_eq!(text(tab, "ssn").await, "");
    assert_eq!(value(tab, "again").await, "");
    is_well(journey, &[SECRET]).await;
}

/// Such a state lets a page bring a JWT of the attacker's account; this SDK does not say whom a page is for.
async fn a_session_that_the_page_had_a_hand_in_serves_no_frame(journey: &Journey) {
    let tab = &journey.tab;
    let module = "<script type=module src={tokenizer}/elements/v1.js crossorigin></script>";
    let ours = "<luna-input id=ours session={session}></luna-input>";
    set_page_without_session(journey, "form", &format!("{module}{FIELD}{ours}"));
    journey.open_as("ann", "form").await;
    tab.find("#ours:state(ready)").await;
    type_into(tab, "ssn", SECRET).await;
    leave_field(tab).await;
    assert_eq!(commit(tab, "ssn").await["success"], false);
    assert_is_unauthorized(&hears(tab, "ssn", "NotifyOnError", 1).await);
    // With the session that the tokenizer itself has fetched the same field gives a token.
    page(tab, "await sdk.ensure()").await;
    assert!(token(tab, "ssn").await.starts_with("lunasec-"));
}

/// A response that a browser blocks would be a network error, and the SDK would render nothing.
async fn refused_transfers_break_no_page(journey: &Journey) {
    let tab = &journey.tab;
    set_page(journey, "form", FIELD);
    journey.open_as("ann", "form").await;
    tab.find("body.rendered").await;
    let fetched = page(
        tab,
        "const options = { credentials: 'include', mode: 'no-cors' }; const types = []; \
         for (const path of ['session/ensure?auth_provider=nobody', 'session/ensure?x=1&x=2', \
             'session/create', 'session/create?state=a&openid_token=b.c.d']) \
             types.push((await fetch(sdk.base + path, options)).type); \
         return types",
    )
    .await;
    assert_eq!(fetched, json!(["opaque", "opaque", "opaque", "opaque"]));
    // An unknown provider: the session of before is still there.
    assert!(page(tab, "return sdk.ensure('nobody')").await.is_null());
    enter(tab, "ssn").await;
}

/// A document that has come: the one before it in a frame has nothing in it.
const SAYS: &str = "body:not(:empty)";

async fn another_origin_in_the_parameter_gets_no_frame(journey: &Journey) {
    let tab = &journey.tab;
    let elements = "<h1>Form</h1>\
        <div id=evil data-component=Input data-origin=https://evil.example></div>\
        <div id=none data-component=Input data-origin=></div>\
        <div id=own data-component=Input data-origin={tokenizer}></div>\
        <div id=ssn data-component=Input></div>";
    set_page(journey, "form", elements);
    journey.open_as("ann", "form").await;
    for id in ["evil", "none", "own"] {
        enter_as_it_is(tab, &format!("#{id}-frame")).await;
        let said = tab.find(SAYS).await.text().await.unwrap();
        assert!(said.contains("APPLICATION_FRONT_END"), "{id}: {said}");
    }
    enter(tab, "ssn").await;
    for id in ["evil", "none", "own"] {
        assert_eq!(heard(tab, id, "NotifyOnStart").await, 0);
    }
    is_well(journey, &[]).await;
}

/// Where the tokenizer does not allow the SDK.
mod not_allowed {
    use super::without_the_setting;

    lunadefend_browser_tests::in_each_browser!(lunadefend_browser_tests::run_same_site: without_the_setting);
}

/// A developer reads in the frame what the operator must set.
async fn without_the_setting(journey: &Journey) {
    let tab = &journey.tab;
    set_page(journey, "form", FIELD);
    journey.open_as("ann", "form").await;
    enter_as_it_is(tab, "#ssn-frame").await;
    let said = tab.find(SAYS).await.text().await.unwrap();
    assert!(said.contains("LUNADEFEND_REACT_SDK=true"), "{said}");
}
