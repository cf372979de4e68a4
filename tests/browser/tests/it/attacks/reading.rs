//! Script that has changed the page's built-ins before anything else ran.

use super::scene::{MODULE, attack, is_safe, loot, never_came, secret, set_hostile_page, store};
use lunadefend_browser_tests::Journey;
use serde_json::Value;

attacks![
    what_is_there_is_found,
    changed_built_ins_get_no_value_that_is_typed_or_shown,
    no_message_of_a_frame_tells_of_its_content,
    there_is_no_token_of_a_prefix,
];

/// The search finds a secret in each place where it looks.
async fn what_is_there_is_found(journey: &Journey) {
    let tab = &journey.tab;
    let marker = secret();
    set_hostile_page(
        journey,
        "page",
        "<div id=host></div><form><input name=x></form><iframe srcdoc='<p>near</p>'></iframe>",
    );
    journey.open_as("ann", "page").await;
    let plant = r#"
        document.querySelector("div").attachShadow({ mode: "closed" }).innerHTML = `<p>${marker}`;
        document.querySelector("input").value = marker;
        window[0].document.body.textContent = marker;
        localStorage.setItem("x", marker);
        history.replaceState(null, "", `#${marker}`);
        await fetch(`/echo?${marker}`);
        window.found = { deep: [marker] };
        spy.patchAll();
        JSON.parse(`"${marker}"`);
        await fetch("/echo", { method: "POST", body: marker });
    "#;
    attack(tab, &format!("const marker = '{marker}'; {plant}")).await;
    let places = loot(tab).await;
    assert_eq!(places.len(), 8);
    for (place, text) in places {
        assert!(text.contains(&marker), "{place} has not got it: {text}");
    }
    let recorded = journey.app().recorded();
    let found = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(&marker);
    assert_eq!(recorded.iter().filter(|one| found(&one.bytes)).count(), 2);
}

async fn changed_built_ins_get_no_value_that_is_typed_or_shown(journey: &Journey) {
    let tab = &journey.tab;
    let (stored, typed) = (secret(), secret());
    store(journey, "ann", &stored).await;
    set_hostile_page(
        journey,
        "page",
        &format!(
            "<script>spy.patchAll()</script>{MODULE}<form>\
             <luna-input id=field name=x session={{session}}></luna-input></form>\
             <luna-value id=value token={{ssn}} session={{session}}></luna-value>"
        ),
    );
    tab.open("/p/page").await;
    assert_eq!(tab.shown("#value").await, stored);
    tab.type_into("#field", typed.as_str()).await;
    assert_eq!(tab.typed("#field").await, typed);
    is_safe(journey, &stored).await;
    is_safe(journey, &typed).await;
    let token = attack(tab, "return document.querySelector('#field').commit()").await;
    is_safe(journey, &typed).await;

    // The script did hear all that was said.
    let token = token.as_str().unwrap();
    assert!(token.starts_with("lunasec-"));
    let places = loot(tab).await;
    let text = |name: &str| &places.iter().find(|(place, _)| place == name).unwrap().1;
    for heard in [
        token,
        "ask=configure",
        "ask=show",
        "note=state",
        "note=shown",
    ] {
        assert!(text("calls").contains(heard), "{heard}");
    }
    assert!(text("forms").contains(token));
    assert!(text("frames").contains("closed: SecurityError"));
    let documents = "return [...document.querySelectorAll('luna-input, luna-value')]\
        .map((e) => e.shadowRoot.querySelector('iframe').contentDocument)";
    assert_eq!(tab.run(documents).await, serde_json::json!([null, null]));
}

async fn no_message_of_a_frame_tells_of_its_content(journey: &Journey) {
    let tab = &journey.tab;
    let card = "4111 1111 1111 1111";
    set_hostile_page(
        journey,
        "page",
        &format!("{MODULE}<luna-input id=field kind=card-number session={{session}}></luna-input>"),
    );
    journey.open_as("ann", "page").await;
    tab.find("#field:state(ready)").await;
    // An answer to a question comes after all that was said before.
    let notes =
        "await spy.ask(spy.ports[0], 'verify'); return spy.ports[0].heard.filter((m) => m.note)";
    tab.click("#field").await;
    tab.find("#field:state(focused)").await;
    // Where the focus is, the page may know; and nothing more while somebody types.
    let focused = serde_json::json!([{ "note": "focused" }]);
    assert_eq!(attack(tab, notes).await, focused);
    tab.type_into("#field", card).await;
    assert_eq!(attack(tab, notes).await, focused);
    tab.enter("#field").await;
    assert_eq!(tab.find("#note").await.text().await.unwrap(), "Visa");
    tab.leave().await;

    let commit = "return document.querySelector('#field').commit()";
    attack(tab, commit).await;
    attack(tab, commit).await;
    let states = attack(tab, notes).await;
    let states = states.as_array().unwrap();
    assert!((3..=4).contains(&states.len()), "{states:?}");
    let heard = tab.run("return spy.ports[0].heard").await;
    for message in heard.as_array().unwrap() {
        assert!(tells_nothing(message), "{message}");
    }
    for (place, text) in loot(tab).await {
        assert!(!text.contains("Visa"), "{place}");
        assert!(!text.contains("1111"), "{place}");
    }
    never_came(journey, card).await;
}

/// Whether a message is of one of the shapes that carry nothing of a value.
fn tells_nothing(message: &Value) -> bool {
    let mut names: Vec<&str> = message
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    let text = |name: &str| message[name].as_str().unwrap_or_default();
    match names.as_slice() {
        ["empty", "focused", "note", "valid"] => {
            text("note") == "state"
                && ["empty", "focused", "valid"]
                    .iter()
                    .all(|name| message[name].is_boolean())
        }
        ["note"] => text("note") == "focused",
        ["id"] => true,
        ["id", "token"] => text("token").is_empty() || text("token").starts_with("lunasec-"),
        ["id", "session"] => ["good", "none", "mismatch"].contains(&text("session")),
        ["id", "state"] => true,
        _ => false,
    }
}

async fn there_is_no_token_of_a_prefix(journey: &Journey) {
    let tab = &journey.tab;
    set_hostile_page(
        journey,
        "page",
        &format!("{MODULE}<luna-input id=field session={{session}}></luna-input>"),
    );
    journey.open_as("ann", "page").await;
    let commit = "return spy.ask(spy.ports[0], 'commit')";
    tab.type_into("#field", "S").await;
    let asked = attack(
        tab,
        "return Promise.all([1, 2, 3].map(() => spy.ask(spy.ports[0], 'commit')))",
    )
    .await;
    for answer in asked.as_array().unwrap() {
        assert_eq!(answer["failed"], "focused", "{answer}");
    }
    tab.run("document.activeElement.blur()").await;
    let answer = attack(tab, commit).await;
    assert!(
        answer["token"].as_str().unwrap().starts_with("lunasec-"),
        "{answer}"
    );
    assert_eq!(attack(tab, commit).await["token"], answer["token"]);
}
