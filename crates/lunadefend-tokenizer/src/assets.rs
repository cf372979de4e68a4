//! The files of the browser half that this tokenizer serves, made once.

use crate::config::{Origin, TokenizerConfig};
use bytes::Bytes;
use http::HeaderValue;
use lunadefend_elements::{File, FramePage, element_module, frame_page, frame_script, frame_style};

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
            // Hexadecimal digits and an extension.
            etag: HeaderValue::from_str(&format!("\"{}\"", file.name()))
                .unwrap_or(HeaderValue::from_static("\"\"")),
            name: file.name().to_owned(),
            content_type: HeaderValue::from_static(content_type),
            contents: file.contents().to_owned().into(),
        }
    }
}

/// The page of the frame and what belongs to it.
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
    pub(crate) elements: Asset,
    /// `None` without an origin of an application's pages.
    pub(crate) frame: Option<Frame>,
}

impl Assets {
    pub(crate) fn new(config: &TokenizerConfig) -> Self {
        let frame = Frame::new(config);
        if frame.is_none() {
            tracing::warn!(
                "there is no /frame, and no page can have secure fields: set APPLICATION_FRONT_END to the origins of the application's pages"
            );
        }
        Self {
            elements: Asset::new(&element_module(), JAVASCRIPT),
            frame,
        }
    }
}

impl Frame {
    fn new(config: &TokenizerConfig) -> Option<Self> {
        let origins: Vec<&str> = config
            .application_origins
            .iter()
            .map(Origin::as_str)
            .collect();
        if origins.is_empty() {
            return None;
        }
        let script = Asset::new(&frame_script(), JAVASCRIPT);
        let style = Asset::new(&frame_style(), "text/css; charset=utf-8");
        let page = frame_page(&FramePage {
            origins: &origins,
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
        Some(Self {
            page: Asset::new(&page, "text/html; charset=utf-8"),
            script,
            style,
            // Origins and URLs are ASCII, in the spelling of the URL standard.
            policy: HeaderValue::from_str(&policy).ok()?,
            preload: HeaderValue::from_str(&preload).ok()?,
        })
    }
}
