//! A tab, as a person uses it. Every wait is for something that can be seen, with a limit that no slow machine
//! reaches.

use std::{sync::Arc, time::Duration};
use thirtyfour::{
    By, TypingData, WebDriver, WebElement, WindowHandle,
    extensions::query::{ElementPollerWithTimeout, ElementQueryable as _},
};

const LIMIT: Duration = Duration::from_secs(90);
const INTERVAL: Duration = Duration::from_millis(50);
/// What stands for a value that is not shown.
pub(crate) const DOTS: &str = "••••••••";

/// A tab of the browser.
pub struct Tab {
    /// For what is not here.
    pub driver: WebDriver,
    application: String,
}

impl Tab {
    pub(crate) fn new(driver: WebDriver, application: &str) -> Self {
        driver.set_poller(Arc::new(ElementPollerWithTimeout::new(LIMIT, INTERVAL)));
        Self {
            driver,
            application: application.to_owned(),
        }
    }

    /// Goes to a path of the application, and waits until the page has loaded: Chromium's driver does not always.
    pub async fn open(&self, path: &str) {
        let url = format!("{}{path}", self.application);
        self.driver.goto(url).await.unwrap();
        let loaded = "const done = arguments[0]; \
             if (document.readyState === 'complete') done(); else addEventListener('load', () => done())";
        self.run_async(loaded).await;
    }

    /// Opens another tab and goes there. Gives the handle of the one before.
    pub async fn open_beside(&self, path: &str) -> WindowHandle {
        let before = self.driver.window().await.unwrap();
        let beside = self.driver.new_tab().await.unwrap();
        self.driver.switch_to_window(beside).await.unwrap();
        self.open(path).await;
        before
    }

    /// Closes this tab and goes back to another, which is then the one that the person sees.
    pub async fn return_to(&self, tab: WindowHandle) {
        self.driver.close_window().await.unwrap();
        self.driver.switch_to_window(tab).await.unwrap();
    }

    /// Waits for an element of the page.
    pub async fn find(&self, css: &str) -> WebElement {
        self.driver
            .query(By::Css(css))
            .first()
            .await
            .unwrap_or_else(|error| panic!("{css} does not come: {error}"))
    }

    /// Waits until no element of the page is like that.
    pub async fn gone(&self, css: &str) {
        let query = self.driver.query(By::Css(css));
        query
            .wait_until_gone()
            .await
            .unwrap_or_else(|error| panic!("{css} does not go: {error}"));
    }

    /// Clicks an element, as a hand does, which holds the button for a moment. A driver lets go at once, and
    /// Chromium then keeps the focus out of a frame, or in it.
    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        element.scroll_into_view().await.unwrap();
        let there = self.driver.action_chain().move_to_element_center(&element);
        there.click_and_hold().perform().await.unwrap();
        let held = self.driver.action_chain();
        held.release().perform().await.unwrap();
    }

    /// Presses keys, which go where the focus is.
    pub async fn keys(&self, keys: impl Into<TypingData>) {
        let chain = self.driver.action_chain().send_keys(keys);
        chain.perform().await.unwrap();
    }

    /// Goes into the frame of a secure element, once that is ready.
    pub async fn enter(&self, element: &str) {
        self.leave().await;
        self.find(&format!("{element}:state(ready)")).await;
        self.enter_at_once(element).await;
    }

    /// The same, whether that is ready or not.
    pub async fn enter_at_once(&self, element: &str) {
        let host = self.find(element).await.to_json().unwrap();
        // Firefox's driver finds nothing in a shadow root.
        let frame = "return arguments[0].shadowRoot.querySelector('iframe')";
        let frame = self.driver.execute(frame, vec![host]).await.unwrap();
        frame.element().unwrap().enter_frame().await.unwrap();
    }

    /// A property of the element that a secure element's own tree has by that selector.
    pub async fn within(&self, element: &str, css: &str, property: &str) -> serde_json::Value {
        self.find(element).await;
        self.run(&format!(
            "return document.querySelector('{element}').shadowRoot.querySelector('{css}').{property}"
        ))
        .await
    }

    /// Goes back to the page.
    pub async fn leave(&self) {
        self.driver.enter_default_frame().await.unwrap();
    }

    /// Types into a secure field, or chooses a file there. The focus stays in a field for text.
    ///
    /// It goes there by a click, as a person's does: the keys of a driver alone do not give it to a frame every time.
    pub async fn type_into(&self, element: &str, text: impl Into<TypingData>) {
        self.enter(element).await;
        let kind = self.find("#field").await.prop("type").await.unwrap();
        if kind.as_deref() != Some("file") {
            self.click("#field").await;
            self.leave().await;
            self.find(&format!("{element}:state(focused)")).await;
            self.enter_at_once(element).await;
        }
        self.find("#field").await.send_keys(text).await.unwrap();
        self.leave().await;
    }

    /// What a secure field holds.
    pub async fn typed(&self, element: &str) -> String {
        self.enter(element).await;
        let value = self.find("#field").await.prop("value").await.unwrap();
        self.leave().await;
        value.unwrap_or_default()
    }

    /// Waits until a secure element shows a value, and reads it.
    pub async fn shown(&self, element: &str) -> String {
        self.find(&format!("{element}:state(shown)")).await;
        self.enter(element).await;
        let text = self.find("#value").await.text().await.unwrap();
        self.leave().await;
        assert_ne!(text, DOTS);
        text
    }

    /// Waits until a secure element hides its value.
    pub async fn hidden(&self, element: &str) {
        self.find(&format!("{element}:not(:state(shown))")).await;
        self.enter(element).await;
        let text = self.find("#value").await.text().await.unwrap();
        self.leave().await;
        assert_eq!(text, DOTS);
    }

    /// Clicks something inside the frame of a secure element.
    pub async fn click_in(&self, element: &str, css: &str) {
        self.enter(element).await;
        self.click(css).await;
        self.leave().await;
    }

    /// What a script of the page gives.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        let result = self.driver.execute(script, Vec::new()).await;
        result
            .unwrap_or_else(|error| panic!("the script failed: {error}"))
            .json()
            .clone()
    }

    /// What a script of the page gives later: its last argument is to be called with it.
    pub async fn run_async(&self, script: &str) -> serde_json::Value {
        self.driver.set_script_timeout(LIMIT).await.unwrap();
        let result = self.driver.execute_async(script, Vec::new()).await;
        result
            .unwrap_or_else(|error| panic!("the script failed: {error}"))
            .json()
            .clone()
    }
}
