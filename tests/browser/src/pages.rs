//! Pages that many journeys have.

use crate::Journey;

/// What people type.
pub const SECRET: &str = "078-05-1120";
/// The script tag of every page.
pub const SCRIPT: &str = "<script type=module src={tokenizer}/elements/v1.js crossorigin></script>";
/// A form with one field.
pub const FORM: &str = r#"
    <form method="post" action="/save">
      <label for="ssn">Social security number</label>
      <luna-input id="ssn" name="ssn_token" kind="ssn" token="{ssn}" session="{session}"></luna-input>
      <button id="save">Save</button>
    </form>"#;

/// The page `form`, and the page `saved`, which shows what was saved.
pub fn pages(journey: &Journey, form: &str) {
    let app = journey.app();
    app.set_page("form", &format!("{SCRIPT}{form}"));
    app.set_page(
        "saved",
        &format!(
            "{SCRIPT}<h1 id=saved>Saved</h1><luna-value id=value token=\"{{ssn}}\" session=\"{{session}}\"></luna-value>"
        ),
    );
}

/// A user types a value into the form and saves it.
pub async fn save(journey: &Journey, user: &str, value: &str) {
    journey.open_as(user, "form").await;
    journey.tab.type_into("#ssn", value).await;
    journey.tab.click("#save").await;
    journey.tab.find("#saved").await;
}

/// Nothing that came to the application has the secret in it, in no spelling.
///
/// # Panics
/// When something has.
pub fn never_came(journey: &Journey, secret: &str) {
    let plain: String = secret.chars().filter(char::is_ascii_alphanumeric).collect();
    for request in journey.app().recorded() {
        let bytes = String::from_utf8_lossy(&request.bytes);
        assert!(!bytes.contains(secret), "{}", request.line);
        assert!(!bytes.contains(&plain), "{}", request.line);
    }
}

/// A file with the smallest picture.
pub fn photo() -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    std::fs::write(file.path(), PNG).unwrap();
    file
}

/// One transparent pixel.
const PNG: &[u8] = b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\x0b\x49\x44\x41\x54\x78\xda\x63\x60\x00\x02\x00\x00\x05\x00\x01\xe9\xfa\xdc\xd8\x00\x00\x00\x00\x49\x45\x4e\x44\xae\x42\x60\x82";

/// Declares each journey once for each browser, where application and tokenizer are of one site.
#[macro_export]
macro_rules! journeys {
    ($($name:ident),+ $(,)?) => {
        $crate::in_each_browser!($crate::run_same_site: $($name),+);
    };
}

/// Declares each test once for each browser. The function takes its name, the engine and the test.
#[macro_export]
macro_rules! in_each_browser {
    ($run:path: $($name:ident),+) => {
        mod chromium {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $run(stringify!($name), $crate::Engine::Chromium, super::$name).await;
            })+
        }
        mod firefox {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $run(stringify!($name), $crate::Engine::Firefox, super::$name).await;
            })+
        }
    };
}
