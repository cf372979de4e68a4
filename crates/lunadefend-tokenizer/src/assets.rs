//! The browser half: what of it this tokenizer serves, made once.

use crate::config::{Origin, TokenizerConfig};
use bytes::Bytes;
use http::HeaderValue;
use lunadefend_crypto::sha256;
use lunadefend_elements::{
    FRAME_STYLE, FramePage, element_module, file_name, frame_page, frame_script,
};

/// A file with its name and the headers that go with it.
#[derive(Clone, Debug)]
pub(crate) struct Asset {
    /// By the hash of the contents.
    pub(crate) name: String,
    pub(crate) content_type: HeaderValue,
    pub(crate) etag: HeaderValue,
    pub(crate) contents: Bytes,
}

impl Asset {
    fn new(contents: String, extension: &str, content_type: &'static str) -> Self {
        let name = file_name(contents.as_bytes(), extension, sha256);
        Self {
            // Hexadecimal digits and an extension.
            etag: HeaderValue::from_str(&format!("\"{name}\""))
                .unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            name,
            content_type: HeaderValue::from_static(content_type),
            contents: contents.into(),
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

/// All of it.
#[derive(Debug)]
pub(crate) struct Assets {
    pub(crate) elements: Asset,
    /// `None` when no application may have it in a page.
    pub(crate) frame: Option<Frame>,
}

impl Assets {
    pub(crate) fn new(config: &TokenizerConfig) -> Self {
        let frame = Frame::new(config);
        if frame.is_none() {
            tracing::warn!(
                "APPLICATION_FRONT_END is not set: no page can have secure fields, and there is no /frame"
            );
        }
        Self {
            elements: Asset::new(element_module(), "js", "text/javascript; charset=utf-8"),
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
        let script = Asset::new(frame_script(), "js", "text/javascript; charset=utf-8");
        let style = Asset::new(FRAME_STYLE.to_owned(), "css", "text/css; charset=utf-8");
        let page = frame_page(&FramePage {
            origins: &origins,
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
            page: Asset::new(page, "html", "text/html; charset=utf-8"),
            script,
            style,
            // Origins and URLs are ASCII, in the spelling of the URL standard.
            policy: HeaderValue::from_str(&policy).ok()?,
            preload: HeaderValue::from_str(&preload).ok()?,
        })
    }
}
