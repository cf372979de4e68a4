//! Makes the pictures of the guides, of the pages of an example application in Chromium:
//!
//! `LUNADEFEND_CHROMEDRIVER=chromedriver cargo run -p lunadefend-browser-tests --example pictures -- <program> <folder>`

#![expect(clippy::unwrap_used, reason = "a tool for developers")]

use lunadefend_browser_tests::{Engine, Example, Start, run_example};
use serde_json::{Value, json};
use std::path::Path;

const SSN: &str = "078-05-1120";
const CARD: &str = "4111 1111 1111 1111";
/// Stands in for a photo of a passport.
const PASSPORT: &str = "data:text/html,<body style='margin:0;background:%23dfe8ec'>\
    <svg viewBox='0 0 300 200' style='width:100vw;height:100vh'><rect width='300' height='200' fill='%23dfe8ec'/>\
    <rect x='22' y='38' width='92' height='124' rx='6' fill='%23b9cbd3'/><circle cx='68' cy='86' r='24' fill='%23688795'/>\
    <path d='M30 162c0-34 18-48 38-48s38 14 38 48z' fill='%23688795'/><g fill='%2391a9b4'><rect x='134' y='46' width='120' height='12' rx='6'/>\
    <rect x='134' y='72' width='88' height='10' rx='5'/><rect x='134' y='94' width='104' height='10' rx='5'/>\
    <rect x='134' y='116' width='72' height='10' rx='5'/><rect x='134' y='146' width='144' height='8' rx='4'/></g></svg>";

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
    let photo = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    screen(example, 600, 400, 1, "light").await;
    tab.driver.goto(PASSPORT).await.unwrap();
    tab.driver.screenshot(photo.path()).await.unwrap();

    screen(example, 760, 760, 2, "light").await;
    example.log_in("ann").await;
    example.edit().await;
    tab.type_into("#ssn", SSN).await;
    tab.type_into("#photo", photo.path().display().to_string())
        .await;
    tab.type_into("#card", CARD).await;
    take(example, &folder.join("edit-light.png")).await;
    example.save().await;
    for light in ["light", "dark"] {
        screen(example, 760, 760, 2, light).await;
        tab.open("/").await;
        example.reveal("#ssn").await;
        tab.find("#photo:state(shown)").await;
        tab.find("#download:state(ready)").await;
        take(example, &folder.join(format!("profile-{light}.png"))).await;
    }
    screen(example, 390, 760, 2, "light").await;
    tab.open("/").await;
    tab.find("#photo:state(shown)").await;
    example.edit().await;
    tab.type_into("#ssn", "000-12-3456").await;
    tab.type_into("#card", CARD).await;
    tab.find("#ssn:state(invalid)").await;
    take(example, &folder.join("edit-phone.png")).await;
}

/// The size of the page in CSS pixels, how many of the picture's each of them has, and the light.
async fn screen(example: &Example, width: u32, height: u32, scale: u32, light: &str) {
    let size =
        json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
    send(example, "Emulation.setDeviceMetricsOverride", size).await;
    let light = json!({ "features": [{ "name": "prefers-color-scheme", "value": light }] });
    send(example, "Emulation.setEmulatedMedia", light).await;
}

async fn take(example: &Example, file: &Path) {
    // What was drawn last is seen after two frames.
    let drawn = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done(true)))";
    example.tab.run_async(drawn).await;
    example.tab.driver.screenshot(file).await.unwrap();
    println!("{}", file.display());
}

async fn send(example: &Example, method: &str, parameters: Value) {
    let tools = example.tab.driver.cdp();
    tools.send_raw(method, parameters).await.unwrap();
}
