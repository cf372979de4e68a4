//! `SecureUpload` and `SecureDownload`.

use super::scene::{enter, heard, hears, is_well, page, set_page};
use lunadefend_browser_tests::{Journey, Tab};
use serde_json::{Value, json};
use std::io::Write as _;
use tempfile::NamedTempFile;

in_browsers![
    a_file_comes_back_as_it_was,
    a_list_of_files_is_that_of_the_page,
    what_is_no_file_is_no_download,
];

const CONTENT: &[u8] = b"passport \x00\xff of ann";

fn file(end: &str) -> NamedTempFile {
    // A download's name begins with no dot, as that of a temporary file does.
    let mut named = tempfile::Builder::new();
    let mut file = named.prefix("scan-").suffix(end).tempfile().unwrap();
    file.write_all(CONTENT).unwrap();
    file
}

fn name_of(file: &NamedTempFile) -> String {
    file.path()
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

async fn choose(tab: &Tab, file: &NamedTempFile) {
    enter(tab, "files").await;
    let path = file.path().display().to_string();
    tab.find("#field").await.send_keys(path).await.unwrap();
    tab.leave().await;
}

/// What the frame around gives to the browser to save, from now on.
const WATCH: &str = "window.made = []; const make = URL.createObjectURL; \
    URL.createObjectURL = (blob) => { window.made.push(blob); return make.call(URL, blob); };";
/// The first of it: its type and its bytes.
const MADE: &str = "const done = arguments[0]; const look = async () => { \
    if (window.made.length === 0) return setTimeout(look, 20); \
    const [blob] = window.made; \
    done([blob.type, Array.from(new Uint8Array(await blob.arrayBuffer()))]); }; look()";

/// Clicks something in the frame around, and gives what is saved.
async fn saves(tab: &Tab, css: &str) -> Value {
    tab.run(WATCH).await;
    tab.click(css).await;
    tab.run_async(MADE).await
}

async fn a_file_comes_back_as_it_was(journey: &Journey) {
    let tab = &journey.tab;
    let form = "<h1>Form</h1><form method=post action=/save>\
        <div id=files name=photo_token data-component=Uploader data-metadata='{\"page\":1}'></div>\
        <button id=save>Save</button></form>";
    set_page(journey, "form", form);
    let saved =
        "<h1 id=saved>Saved</h1><div id=link data-component=Downloader data-token={photo}></div>";
    set_page(journey, "saved", saved);
    let file = file(".txt");
    journey.open_as("ann", "form").await;
    choose(tab, &file).await;
    let told = hears(tab, "files", "NotifyOnToken", 1).await;
    let token = told["token"][0].as_str().unwrap();
    assert!(token.starts_with("lunasec-"));
    enter(tab, "files").await;
    let row = tab.find("#files li output").await.text().await.unwrap();
    assert_eq!(row, "Uploaded");
    let expected = json!(["application/octet-stream", CONTENT]);
    assert_eq!(saves(tab, "#files li button").await, expected);
    tab.leave().await;
    tab.click("#save").await;
    tab.find("#saved").await;

    enter(tab, "link").await;
    let link = tab.find("#download").await;
    assert_eq!(link.text().await.unwrap(), name_of(&file));
    // The URL is that of the click: what a page load got would have ended long ago.
    let asked = "return performance.getEntriesByType('resource').filter(({name}) => name.endsWith('/detokenize')).length";
    assert_eq!(tab.run(asked).await, 0);
    assert_eq!(saves(tab, "#download").await, expected);
    tab.find("#download:not([aria-disabled])").await;
    assert_eq!(link.text().await.unwrap(), name_of(&file));
    tab.leave().await;
    assert_eq!(heard(tab, "link", "NotifyOnError").await, 0);
    is_well(journey, &["passport"]).await;
}

async fn a_list_of_files_is_that_of_the_page(journey: &Journey) {
    let tab = &journey.tab;
    let elements = "<h1>Form</h1><div id=files data-component=Uploader></div>";
    set_page(journey, "form", elements);
    let (first, second) = (file(".txt"), file(".pdf"));
    journey.open_as("ann", "form").await;
    choose(tab, &first).await;
    hears(tab, "files", "NotifyOnToken", 1).await;
    choose(tab, &second).await;
    let both = hears(tab, "files", "NotifyOnToken", 2).await;
    let tokens: Vec<_> = both["token"].as_array().unwrap().clone();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    // As the application renders it the next time.
    let list = format!(
        "{} {}",
        tokens[0].as_str().unwrap(),
        tokens[1].as_str().unwrap()
    );
    set_page(
        journey,
        "again",
        &format!("<h1>Again</h1><div id=files data-component=Uploader data-files='{list}'></div>"),
    );
    tab.open("/p/again").await;
    enter(tab, "files").await;
    for (at, file) in [(1, &first), (2, &second)] {
        let button = tab.find(&format!("#files li:nth-child({at}) button")).await;
        assert_eq!(button.text().await.unwrap(), name_of(file));
    }
    tab.click("#files li:first-child button:last-child").await;
    let left = hears(tab, "files", "NotifyOnToken", 1).await;
    assert_eq!(left["token"], json!([tokens[1]]));
    assert_eq!(heard(tab, "files", "NotifyOnError").await, 0);
    is_well(journey, &["passport"]).await;
}

async fn what_is_no_file_is_no_download(journey: &Journey) {
    let tab = &journey.tab;
    let elements = "<h1>Form</h1><div id=field data-component=Input></div>\
        <div id=link data-component=Downloader></div>";
    set_page(journey, "form", elements);
    journey.open_as("ann", "form").await;
    super::scene::type_into(tab, "field", "no file").await;
    super::scene::leave_field(tab).await;
    let token = super::scene::token(tab, "field").await;
    page(
        tab,
        &format!("await sdk.update('link', {{token: '{token}'}})"),
    )
    .await;
    let error = hears(tab, "link", "NotifyOnError", 1).await;
    assert_eq!(
        (&error["name"], &error["code"]),
        (&json!("wrongMetaDataType"), &json!("400"))
    );
    is_well(journey, &["no file"]).await;
}
