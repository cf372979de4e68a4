//! Makes the pictures of the guides, of the pages of an example application in Chromium:
//!
//! `LUNADEFEND_CHROMEDRIVER=chromedriver cargo run -p lunadefend-browser-tests --example pictures -- <program> <folder>`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for developers"
)]

use lunadefend_browser_tests::{Engine, Example, Start, run_example};
use serde_json::json;
use std::path::Path;

const SSN: &str = "078-05-1120";
const CARD: &str = "4111 1111 1111 1111";
/// Stands in for a photo of a passport.
const PASSPORT: &str = "data:text/html,<body style='margin:0;background:%23dfe8ec'>\
    <svg viewBox='0 0 156 200' style='width:100vw;height:100vh'><circle cx='78' cy='82' r='36' fill='%23688795'/>\
    <path d='M18 200c0-54 28-72 60-72s60 18 60 72z' fill='%23688795'/></svg>";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(program), Some(folder)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: pictures <program of an example> <folder>");
        std::process::exit(2);
    };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).unwrap();
    let start = (program.as_str(), Start::BesideTokenizer);
    run_example("pictures", Engine::Chromium, start, async |example| {
        take_all(example, folder).await;
    })
    .await;
}

async fn take_all(example: &Example, folder: &Path) {
    let tab = &example.tab;
    let place = tempfile::tempdir().unwrap();
    let photo = place.path().join("passport.png");
    screen(example, 312, 400, "light").await;
    tab.driver.goto(PASSPORT).await.unwrap();
    tab.driver.screenshot(&photo).await.unwrap();

    screen(example, 760, 760, "light").await;
    example.log_in("ann").await;
    example.edit().await;
    tab.type_into("#ssn", SSN).await;
    tab.type_into("#photo", photo.display().to_string()).await;
    tab.type_into("#card", CARD).await;
    take(example, &folder.join("edit-light.png")).await;
    example.save().await;
    for light in ["light", "dark"] {
        screen(example, 760, 760, light).await;
        tab.open("/").await;
        example.reveal("#ssn").await;
        tab.find("#photo:state(shown)").await;
        tab.find("#download:state(ready)").await;
        take(example, &folder.join(format!("profile-{light}.png"))).await;
    }
    screen(example, 390, 760, "light").await;
    tab.open("/").await;
    tab.find("#photo:state(shown)").await;
    example.edit().await;
    tab.type_into("#ssn", "000-12-3456").await;
    tab.type_into("#card", CARD).await;
    tab.find("#ssn:state(invalid)").await;
    take(example, &folder.join("edit-phone.png")).await;
}

/// The size of the page, and the light.
async fn screen(example: &Example, width: u32, height: u32, light: &str) {
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    let tools = example.tab.driver.cdp();
    let method = "Emulation.setDeviceMetricsOverride";
    tools.send_raw(method, size).await.unwrap();
    example.light(light).await;
}

async fn take(example: &Example, file: &Path) {
    // What was drawn last is seen after two frames.
    let drawn = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
    example.tab.run_async(drawn).await;
    example.tab.driver.screenshot(file).await.unwrap();
    println!("{}", file.display());
}
