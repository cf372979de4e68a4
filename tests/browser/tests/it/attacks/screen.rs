//! What is on the screen: whose value, for how long, and what a picture may be.

use super::scene::{MODULE, attack, is_safe, secret, sees, set_hostile_page, store};
use lunadefend_browser_tests::Journey;
use serde_json::json;

attacks![
    a_token_of_another_session_stays_hidden,
    after_a_log_out_nothing_stays_on_the_screen,
    the_back_button_brings_nothing_typed_back,
    the_back_button_after_a_log_out_shows_nothing,
    a_picture_runs_nothing,
];

async fn a_token_of_another_session_stays_hidden(journey: &Journey) {
    let tab = &journey.tab;
    let stored = secret();
    store(journey, "ann", &stored).await;
    sees(journey, &stored).await;
    let token = journey.app().ssn_of("ann").unwrap();
    set_hostile_page(
        journey,
        "page",
        &format!(
            "{MODULE}<luna-value id=own token={token} session={{session}}></luna-value>\
             <luna-value id=click token={token} reveal=click session={{session}}></luna-value>\
             <luna-image id=image token={token} session={{session}}></luna-image>\
             <luna-download id=download token={token} session={{session}}>Save</luna-download>"
        ),
    );
    let unchecked = format!("{MODULE}<luna-value id=any token={token} session=none></luna-value>");
    set_hostile_page(journey, "unchecked", &unchecked);
    journey.open_as("bob", "page").await;
    for id in ["#own", "#image"] {
        tab.find(&format!("{id}:state(failed)")).await;
    }
    for (id, button) in [("#click", "#toggle"), ("#download", "#download")] {
        tab.find(&format!("{id}:state(ready)")).await;
        tab.click_in(id, button).await;
        tab.find(&format!("{id}:state(failed)")).await;
    }
    for id in ["#own", "#click"] {
        tab.hidden(id).await;
    }
    is_safe(journey, &stored).await;
    // Bob's session is there by now, so that a page that asks for no check has no other's.
    tab.open("/p/unchecked").await;
    tab.find("#any:state(failed)").await;
    tab.hidden("#any").await;
    is_safe(journey, &stored).await;
}

async fn after_a_log_out_nothing_stays_on_the_screen(journey: &Journey) {
    let tab = &journey.tab;
    let stored = secret();
    store(journey, "ann", &stored).await;
    sees(journey, &stored).await;
    let page = tab.driver.window().await.unwrap();
    let other = tab.driver.new_tab().await.unwrap();
    tab.driver.switch_to_window(other).await.unwrap();
    tab.open("/logout").await;
    tab.driver.close_window().await.unwrap();
    tab.driver.switch_to_window(page).await.unwrap();
    // By the page's becoming visible, or by the next question of the frame.
    tab.hidden("#value").await;
    let again = "return document.querySelector('#value').show().then(() => null)";
    attack(tab, again).await;
    tab.find("#value:state(failed)").await;
    tab.hidden("#value").await;
}

async fn the_back_button_brings_nothing_typed_back(journey: &Journey) {
    let tab = &journey.tab;
    let typed = secret();
    let fields = "<luna-input id=text session={session}></luna-input>\
        <luna-input id=area kind=textarea session={session}></luna-input>\
        <luna-input id=mail kind=email autocomplete=email session={session}></luna-input>\
        <luna-input id=masked masked session={session}></luna-input><input id=own>";
    // The page's module would put new frames in the place of those that the browser has kept: a page may prevent it.
    let keep = "<script>addEventListener('pageshow', (event) => event.stopImmediatePropagation(), true)</script>";
    let app = journey.app();
    app.set_page_with("page", &format!("{keep}{MODULE}{fields}"), None);
    app.set_page("next", "<h1 id=next>Next</h1>");
    journey.open_as("ann", "page").await;
    for id in ["#text", "#area", "#mail", "#masked"] {
        tab.type_into(id, typed.as_str()).await;
        assert_eq!(tab.typed(id).await, typed);
    }
    tab.find("#own").await.send_keys("own").await.unwrap();
    tab.open("/p/next").await;
    tab.find("#next").await;
    tab.driver.back().await.unwrap();
    for id in ["#text", "#area", "#mail", "#masked"] {
        assert_eq!(tab.typed(id).await, "", "{id}");
    }
    // The browser does bring back what it may.
    assert_eq!(
        tab.find("#own").await.prop("value").await.unwrap().unwrap(),
        "own"
    );
    tab.driver.forward().await.unwrap();
    tab.find("#next").await;
    tab.driver.back().await.unwrap();
    tab.driver.refresh().await.unwrap();
    assert_eq!(tab.typed("#text").await, "");
}

async fn the_back_button_after_a_log_out_shows_nothing(journey: &Journey) {
    let tab = &journey.tab;
    let stored = secret();
    store(journey, "ann", &stored).await;
    let value = "<luna-value id=value token={ssn} session={session}></luna-value><script>\
        window.shows = 0; addEventListener('pageshow', ({ persisted }) => { window.persisted = persisted; window.shows += 1; });\
        </script>";
    journey
        .app()
        .set_page_with("page", &format!("{MODULE}{value}"), None);
    tab.open("/p/page").await;
    assert_eq!(tab.shown("#value").await, stored);
    tab.open("/logout").await;
    tab.driver.back().await.unwrap();
    let persisted = attack(
        tab,
        "while (!window.shows) await new Promise(requestAnimationFrame); return window.persisted",
    )
    .await;
    if persisted == false {
        // The page came anew, and asked for its value again.
        tab.find("#value:state(failed)").await;
    }
    tab.hidden("#value").await;
    attack(tab, "await document.querySelector('#value').show()").await;
    tab.find("#value:state(failed)").await;
    tab.hidden("#value").await;
}

async fn a_picture_runs_nothing(journey: &Journey) {
    let tab = &journey.tab;
    let marker = secret();
    let script = format!(
        "parent.postMessage('{marker}','*');fetch('{}/echo?{marker}')",
        journey.app().url
    );
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' onload=\"{script}\"><script>{script}</script></svg>"
    );
    let html = format!("<!doctype html><script>{script}</script>");
    let gif = format!("GIF89a=1;{script}//<script>{script}</script>");
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), svg.as_bytes()].concat();
    set_hostile_page(
        journey,
        "page",
        &format!(
            "{MODULE}<luna-file id=file session={{session}}></luna-file>\
             <luna-image id=image alt=x session={{session}}></luna-image>\
             <luna-value id=value session={{session}}></luna-value>"
        ),
    );
    journey.open_as("ann", "page").await;
    for (suffix, bytes) in [
        (".svg", svg.as_bytes()),
        (".png", svg.as_bytes()),
        (".html", html.as_bytes()),
        (".png", &png),
        (".gif", gif.as_bytes()),
    ] {
        let file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        tab.type_into("#file", file.path().display().to_string())
            .await;
        let token = attack(tab, "return document.querySelector('#file').commit()").await;
        let show = format!(
            "const image = document.querySelector('#image'); image.clearError(); \
             image.setAttribute('token', {token}); const value = document.querySelector('#value'); \
             value.setAttribute('token', {token});"
        );
        attack(tab, &show).await;
        // Some see a picture in the first bytes of the last one, which is as good.
        let is_picture = suffix == ".gif";
        let shown = if is_picture { ", :state(shown)" } else { "" };
        tab.find(&format!("#image:is(:state(failed){shown})")).await;
        // As text it is there, to the last sign.
        assert!(tab.shown("#value").await.contains(&marker));
        tab.enter("#value").await;
        assert_eq!(
            tab.run("return document.querySelectorAll('#value *').length")
                .await,
            0
        );
        tab.enter("#image").await;
        let picture = tab
            .run("const all = [...document.images]; return all.map(({ hidden, src }) => [hidden, src])")
            .await;
        assert!(is_picture || picture == json!([[true, ""]]), "{picture}");
        tab.leave().await;
        attack(
            tab,
            "document.querySelector('#value').setAttribute('token', '')",
        )
        .await;
        tab.hidden("#value").await;
    }
    is_safe(journey, &marker).await;
}
