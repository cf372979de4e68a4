//! Large files: what breaks on the way is sent again, and what comes back is the file.

use lunadefend_browser_tests::{Journey, SCRIPT, journeys, never_came, pages};
use lunadefend_crypto::{hex, sha256};
use std::io::Write as _;

journeys![
    an_upload_that_breaks_keeps_the_file_for_the_next_attempt,
    a_large_file_comes_back_whole_and_by_its_name,
];

/// Of a large file, in bytes.
pub(crate) const SIZE: usize = 10 * 1024 * 1024;
/// Stands all over the file.
const MARK: &str = "mark-4f1d9c";

const FORM: &str = r#"<form method="post" action="/save">
      <luna-file id="photo" name="photo_token" aria-label="Scan" session="{session}"></luna-file>
      <button id="save">Save</button></form>"#;

/// A file in which each line is another.
fn scan() -> (tempfile::NamedTempFile, String) {
    let mut bytes = Vec::with_capacity(SIZE);
    for line in 0.. {
        if bytes.len() >= SIZE {
            break;
        }
        writeln!(bytes, "{MARK} {line:08}").unwrap();
    }
    bytes.truncate(SIZE);
    // A download's name begins with no dot, as that of a temporary file does.
    let mut named = tempfile::Builder::new();
    let mut file = named.prefix("scan-").suffix(".pdf").tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    (file, hex(&sha256(&bytes)))
}

async fn choose(journey: &Journey, file: &tempfile::NamedTempFile) {
    let path = file.path().display().to_string();
    journey.tab.type_into("#photo", path).await;
}

async fn an_upload_that_breaks_keeps_the_file_for_the_next_attempt(journey: &Journey) {
    let tab = &journey.tab;
    let front = journey.world.front_of_tokenizer();
    pages(journey, FORM);
    let (file, _) = scan();
    journey.open_as("ann", "form").await;
    choose(journey, &file).await;
    let before = front.sent().len();
    front.cut_after(SIZE / 2);
    let failure = "const done = arguments[0]; const field = document.querySelector('#photo'); \
         field.addEventListener('luna-error', event => done(event.detail)); \
         document.querySelector('#save').click()";
    let failure = tab.run_async(failure).await;
    assert_eq!(failure["name"], "network");
    // It was in the middle.
    let sent = front.sent().len() - before;
    assert!((SIZE / 4..SIZE).contains(&sent), "{sent} bytes");
    let said = tab.within("#photo", "[role=alert]", "textContent").await;
    assert_eq!(said, failure["message"]);
    assert_eq!(journey.app().count("POST /save"), 0);
    let token = "return new FormData(document.forms[0]).get('photo_token')";
    assert!(tab.run(token).await.is_null(), "half a file has no token");
    tab.enter("#photo").await;
    let chosen = "return document.querySelector('#field').files[0].size";
    assert_eq!(tab.run(chosen).await, SIZE);
    tab.leave().await;

    front.mend();
    tab.click("#save").await;
    tab.find("#saved").await;
    assert_eq!(journey.app().count("POST /save"), 1);
    never_came(journey, MARK);
}

async fn a_large_file_comes_back_whole_and_by_its_name(journey: &Journey) {
    let tab = &journey.tab;
    pages(journey, FORM);
    let (file, hash) = scan();
    journey.open_as("ann", "form").await;
    choose(journey, &file).await;
    tab.click("#save").await;
    tab.find("#saved").await;
    let show = "<luna-download id=download token={photo} session={session}>Scan</luna-download>";
    journey.app().set_page("show", &format!("{SCRIPT}{show}"));
    tab.open("/p/show").await;
    tab.enter("#download").await;
    // What the browser would write to the disk: the last step before it.
    tab.run(
        "window.saved = new Promise(done => { let blob; \
           URL.createObjectURL = one => { blob = one; return 'blob:none'; }; \
           HTMLAnchorElement.prototype.click = function () { done([blob, this.download]); }; })",
    )
    .await;
    tab.click("#download").await;
    let saved = "const done = arguments[0]; window.saved.then(async ([blob, name]) => { \
           const hash = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()); \
           const hex = [...new Uint8Array(hash)].map(byte => byte.toString(16).padStart(2, '0')); \
           done([blob.size, hex.join(''), blob.type, name]); }).catch(error => done(String(error)))";
    let saved = tab.run_async(saved).await;
    let name = file.path().file_name().unwrap().to_str().unwrap();
    let wanted = serde_json::json!([SIZE, hash, "application/octet-stream", name]);
    assert_eq!(saved, wanted);
    tab.leave().await;
    never_came(journey, MARK);
}
