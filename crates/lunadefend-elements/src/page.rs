//! The document inside an element.

use crate::File;
use std::fmt::Write as _;

const PAGE: &str = include_str!("../web/frame.html");

/// What the tokenizer writes into the page of the frame.
#[derive(Clone, Copy, Debug)]
pub struct FramePage<'a> {
    /// The origins of pages that may have frames, exactly as browsers send them.
    pub origins: &'a [&'a str],
    /// Whether such a page may itself be in a frame.
    pub nested: bool,
    /// The most bytes that a value may have.
    pub max_value: u64,
    /// The address of the script, relative to the page's.
    pub script: &'a str,
    /// The address of the style sheet, relative to the page's.
    pub style: &'a str,
}

/// The page of the frame: the same for everybody.
#[must_use]
pub fn frame_page(page: &FramePage<'_>) -> File {
    let mut settings = String::from("{\"origins\":[");
    for (at, origin) in page.origins.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(settings, "{comma}{}", json(origin));
    }
    let _ = write!(
        settings,
        "],\"nested\":{},\"maxValue\":{}}}",
        page.nested, page.max_value
    );
    let page = PAGE
        .replace("{settings}", &html(&settings))
        .replace("{style}", &html(page.style))
        .replace("{script}", &html(page.script));
    File::new(page, "html")
}

fn json(text: &str) -> String {
    let mut json = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_data() {
        let page = frame_page(&FramePage {
            origins: &["https://app.example.com", "\"><script>\\\u{1}"],
            nested: false,
            max_value: 7,
            script: "frame/a.js",
            style: "frame/b.css",
        });
        let page = page.contents();
        assert!(page.contains(
            r#"content="{&quot;origins&quot;:[&quot;https://app.example.com&quot;,&quot;\&quot;&gt;&lt;script&gt;\\\u0001&quot;],&quot;nested&quot;:false,&quot;maxValue&quot;:7}""#
        ), "{page}");
        assert!(page.contains(r#"<script type="module" src="frame/a.js">"#));
        assert!(page.contains(r#"<link rel="stylesheet" href="frame/b.css">"#));
        assert!(!page.contains('{') || page.matches('{').count() == 1);
    }
}
