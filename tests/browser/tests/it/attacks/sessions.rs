//! Sessions that are not the user's: a state in another browser, another account in this one.

use super::scene::{MODULE, attack, is_safe, secret, sees, set_hostile_page, store};
use lunadefend_browser_tests::Journey;
use lunadefend_crypto::{base64url, base64url_decode, hex, sha256};
use lunadefend_tests::Browser;
use serde_json::json;

attacks![
    a_state_serves_no_other_browser,
    a_planted_session_serves_no_page_of_the_user,
];

/// The script hands the state of this browser to the attacker.
async fn state(journey: &Journey) -> String {
    let state = attack(
        &journey.tab,
        "window.frame ??= await spy.frame(); return (await spy.ask(window.frame, 'transfer')).state",
    )
    .await;
    state.as_str().unwrap().to_owned()
}

/// A browser of the attacker's own, with an account of theirs.
async fn attacker(journey: &Journey) -> Browser {
    let mut browser = journey.world.browser();
    let log_in = format!("{}/login/mallory", journey.app().url);
    assert!(browser.get(&log_in).await.unwrap().is_ok());
    browser
}

/// Where the application sends the attacker's browser with a state: the JWT in it is for the attacker's account.
async fn way(journey: &Journey, attacker: &mut Browser, state: &str) -> String {
    let url = format!("{}/.lunasec/secure-frame?state={state}", journey.app().url);
    let headers = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];
    let answer = attacker
        .send(http::Method::GET, &url, &headers, b"")
        .await
        .unwrap();
    let location = answer.header("location");
    assert!(location.contains("openid_token="), "{}", answer.outcome());
    location.to_owned()
}

async fn a_state_serves_no_other_browser(journey: &Journey) {
    let tokenizer = &journey.world.tokenizer.url;
    set_hostile_page(journey, "page", "<p>page");
    journey.open_as("ann", "page").await;
    let state = state(journey).await;
    let mut attacker = attacker(journey).await;
    let headers = [("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "empty")];

    // All that is in the state, and all that the attacker can make of it.
    let parts = base64url_decode(&state).unwrap();
    let name = format!("state-{}", hex(&sha256(state.as_bytes())[..4]));
    let mut guesses = vec![
        state.clone(),
        String::new(),
        base64url(&sha256(state.as_bytes())),
    ];
    guesses.extend(parts.windows(32).map(base64url));
    let mut refused = 0;
    for guess in std::iter::once(None).chain(guesses.iter().map(Some)) {
        if let Some(guess) = guess {
            attacker.set_cookie(tokenizer, &name, guess).unwrap();
        }
        let way = way(journey, &mut attacker, &state).await;
        let answer = attacker
            .send(http::Method::GET, &way, &headers, b"")
            .await
            .unwrap();
        assert_eq!(answer.status, 400, "{}", answer.outcome());
        refused += 1;
    }
    assert!(refused > 90);
    let cookies = attacker.cookies(tokenizer).unwrap();
    assert!(cookies.keys().all(|name| !name.contains("access_token")));

    // It is as good as before in the browser that it was made for.
    let good = attack(
        &journey.tab,
        &format!(
            "await spy.ask(window.frame, 'configure', {{ role: 'value', session: 'none' }}); \
             const before = await spy.ask(window.frame, 'verify'); \
             await fetch('/.lunasec/secure-frame?state={state}', {{ mode: 'no-cors', credentials: 'include' }}); \
             return [before.session, (await spy.ask(window.frame, 'verify')).session]"
        ),
    )
    .await;
    assert_eq!(good, json!(["none", "good"]));
}

async fn a_planted_session_serves_no_page_of_the_user(journey: &Journey) {
    let tab = &journey.tab;
    let (stored, typed) = (secret(), secret());
    let tokenizer = &journey.world.tokenizer.url;
    store(journey, "ann", &stored).await;
    let mut attacker = attacker(journey).await;
    set_hostile_page(
        journey,
        "page",
        "<script>window.session = '{session}'</script>",
    );
    let plant = async |attacker: &mut Browser| {
        tab.open("/p/page").await;
        let state = state(journey).await;
        let way = way(journey, attacker, &state).await;
        let sessions = attack(
            tab,
            &format!(
                "await fetch('{way}', {{ mode: 'no-cors', credentials: 'include' }}); \
                 const of = async (session) => {{ const frame = await spy.frame(); \
                 await spy.ask(frame, 'configure', {{ role: 'value', session }}); \
                 return (await spy.ask(frame, 'verify')).session; }}; \
                 return [await of(window.session), await of('none')]"
            ),
        )
        .await;
        // The attacker's session is in this browser now, and it is not the one of the user's page.
        assert_eq!(sessions, json!(["mismatch", "good"]));
    };
    plant(&mut attacker).await;
    sees(journey, &stored).await;

    plant(&mut attacker).await;
    set_hostile_page(
        journey,
        "field",
        &format!("{MODULE}<luna-input id=field session={{session}}></luna-input>"),
    );
    tab.open("/p/field").await;
    tab.type_into("#field", typed.as_str()).await;
    let token = attack(tab, "return document.querySelector('#field').commit()").await;
    let token = token.as_str().unwrap();
    assert!(token.starts_with("lunasec-"));
    is_safe(journey, &typed).await;
    let trail = attacker.transfer_session(tokenizer).await.unwrap();
    assert_eq!(trail.last().unwrap().status, 200);
    let own = attacker.tokenize(tokenizer, "own").await.unwrap();
    assert_eq!(
        attacker.detokenize(tokenizer, &own).await.unwrap().text(),
        "own"
    );
    let answer = attacker.detokenize(tokenizer, token).await.unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.outcome());
}
