//! The files of the browser half that this tokenizer serves, made once.

use crate::config::{Origin, TokenizerConfig};
use bytes::Bytes;
use http::HeaderValue;
use lunadefend_crypto::{hex, sha256};
use lunadefend_elements::{
    File, FramePage, element_module, frame_page, frame_script, frame_style, react_script,
    react_style, released_modules,
};
use std::iter;

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// A file with its name and the headers that go with it.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    /// The hash of the contents, and an extension.
    pub(crate) name: String,
    pub(crate) content_type: HeaderValue,
    pub(crate) etag: HeaderValue,
    pub(crate) contents: Bytes,
}

impl Asset {
    fn new(file: &File, content_type: &'static str) -> Self {
        Self {
            etag: etag(file.name()),
            name: file.name().to_owned(),
            content_type: HeaderValue::from_static(content_type),
            contents: file.contents().to_owned().into(),
        }
    }
}

/// Makes an entity tag of hexadecimal digits, with or without an extension.
fn etag(text: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{text}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The element module: the newest one, and those of the last releases.
#[derive(Debug)]
pub(crate) struct Elements {
    newest: Asset,
    released: Vec<Asset>,
}

impl Elements {
    fn new(newest: &File, released: &[File]) -> Self {
        let asset = |file| Asset::new(file, JAVASCRIPT);
        Self {
            newest: asset(newest),
            released: released.iter().map(asset).collect(),
        }
    }

    pub(crate) const fn newest(&self) -> &Asset {
        &self.newest
    }

    /// Finds the one of that name, which stands for its contents.
    pub(crate) fn named(&self, name: &str) -> Option<&Asset> {
        iter::once(&self.newest)
            .chain(&self.released)
            .find(|asset| asset.name == name)
    }
}

/// A page of the frame and what belongs to it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) page: Asset,
    pub(crate) script: Asset,
    pub(crate) style: Asset,
    pub(crate) policy: HeaderValue,
    pub(crate) preload: HeaderValue,
}

/// All files.
#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) elements: Elements,
    /// `None` without an origin of an application's pages.
    pub(crate) frame: Option<Frames>,
}

/// The pages that the origins of an application may have inside theirs.
#[derive(Debug)]
pub(crate) struct Frames {
    pub(crate) elements: Frame,
    /// That of LunaSec's React SDK. `None` unless the operator allows it.
    pub(crate) react_sdk: Option<Frame>,
    /// The policy of a refusal that a developer is to read where the frame would be.
    pub(crate) refusal_policy: HeaderValue,
}

impl Assets {
    pub(crate) fn new(config: &TokenizerConfig) -> Self {
        Self {
            elements: Elements::new(&element_module(), &released_modules()),
            frame: Frames::new(config),
        }
    }
}

impl Frames {
    fn new(config: &TokenizerConfig) -> Option<Self> {
        let origins: Vec<&str> = config
            .application_origins
            .iter()
            .map(Origin::as_str)
            .collect();
        if origins.is_empty() {
            return None;
        }
        let react_sdk = || Frame::new(config, &origins, &react_script(), &react_style());
        let policy = format!("default-src 'none'; frame-ancestors {}", origins.join(" "));
        Some(Self {
            elements: Frame::new(config, &origins, &frame_script(), &frame_style())?,
            react_sdk: config.react_sdk.then(react_sdk).flatten(),
            // Origins are ASCII.
            refusal_policy: HeaderValue::from_str(&policy).ok()?,
        })
    }

    /// Finds a file of one of them by its name.
    pub(crate) fn file(&self, name: &str) -> Option<&Asset> {
        iter::once(&self.elements)
            .chain(&self.react_sdk)
            .flat_map(|frame| [&frame.script, &frame.style])
            .find(|asset| asset.name == name)
    }
}

impl Frame {
    fn new(
        config: &TokenizerConfig,
        origins: &[&str],
        script: &File,
        style: &File,
    ) -> Option<Self> {
        let script = Asset::new(script, JAVASCRIPT);
        let style = Asset::new(style, "text/css; charset=utf-8");
        let document = frame_page(&FramePage {
            origins,
            nested: config.nested_pages,
            max_value: config.limits.max_value,
            script: &format!("frame/{}", script.name),
            style: &format!("frame/{}", style.name),
        });
        let script_url = config.public_url.join(&format!("/frame/{}", script.name));
        let style_url = config.public_url.join(&format!("/frame/{}", style.name));
        let blobs = if config.blob_reader.is_some() {
            format!(" {}", Origin::of(&config.blob_url).as_str())
        } else {
            String::new()
        };
        let policy = format!(
            "default-src 'none'; script-src {script_url}; style-src {style_url}; \
             connect-src 'self'{blobs}; img-src blob:; form-action 'none'; base-uri 'none'; \
             frame-ancestors {}; require-trusted-types-for 'script'; trusted-types 'none'",
            origins.join(" ")
        );
        let preload =
            format!("<{script_url}>; rel=modulepreload, <{style_url}>; rel=preload; as=style");
        let mut page = Asset::new(&document, "text/html; charset=utf-8");
        // A browser that has the document must not keep an older policy with it.
        let hash = sha256(format!("{policy}\n{}", document.contents()).as_bytes());
        page.etag = etag(&hex(&hash[..16]));
        Some(Self {
            page,
            script,
            style,
            // Origins and URLs are ASCII, in the spelling of the URL standard.
            policy: HeaderValue::from_str(&policy).ok()?,
            preload: HeaderValue::from_str(&preload).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_older_applications_find_their_element_module() {
        // Any other script stands for an older module.
        let (newest, older) = (element_module(), frame_script());
        let elements = Elements::new(&newest, std::slice::from_ref(&older));
        for file in [&newest, &older] {
            let found = elements.named(file.name()).unwrap();
            assert_eq!(found.contents, file.contents());
            assert_eq!(found.etag, format!("\"{}\"", file.name()));
        }
        assert_eq!(elements.newest().name, newest.name());
        assert!(elements.named(frame_style().name()).is_none());
        assert!(elements.named("").is_none());
    }
}
