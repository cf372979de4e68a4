//! What a page needs to have secure fields: the script tag, and the sources of its policy.

use std::{fmt::Write as _, sync::Arc};

/// What an application writes into a page that has `luna-input` and the other elements. Cheap to clone.
///
/// | it says | the page needs it for |
/// |---|---|
/// | [`script_tag`](Self::script_tag) | the elements themselves: once, in the `<head>` |
/// | [`content_security_policy`](Self::content_security_policy) | its own CSP, which blocks the elements otherwise |
/// | [`Sessions::page_session`](crate::Sessions::page_session) | the attribute `session` of each element |
///
/// It is made when the configuration is read, sends no request, and holds no secret.
///
/// ```
/// use lunadefend_core::Elements;
///
/// let elements = Elements::new("https://tokenizer.example.com", "1a2b.js", "sha384-AbC");
/// assert_eq!(
///     elements.script_tag(),
///     r#"<script type="module" src="https://tokenizer.example.com/elements/1a2b.js" integrity="sha384-AbC" crossorigin></script>"#,
/// );
/// assert_eq!(
///     elements.content_security_policy(),
///     "script-src https://tokenizer.example.com/elements/1a2b.js; \
///      frame-src https://tokenizer.example.com/frame; \
///      connect-src 'self' https://tokenizer.example.com/session/create",
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Elements(Arc<Texts>);

#[derive(Clone, Debug)]
struct Texts {
    tokenizer_url: String,
    script_url: String,
    integrity: String,
    plugin_base: String,
    auth_provider: String,
    script_tag: String,
    policy: String,
}

impl Elements {
    /// Names the tokenizer as browsers reach it, and the element module that it serves: the name of its file,
    /// and its hash for the attribute `integrity`. The facade knows all three.
    #[must_use]
    pub fn new(tokenizer_url: &str, module: &str, integrity: &str) -> Self {
        let tokenizer_url = tokenizer_url.trim_end_matches('/');
        let script_url = format!("{tokenizer_url}/elements/{module}");
        let texts = Texts {
            policy: policy(tokenizer_url, &script_url),
            tokenizer_url: tokenizer_url.to_owned(),
            script_url,
            integrity: integrity.to_owned(),
            plugin_base: String::new(),
            auth_provider: String::new(),
            script_tag: String::new(),
        };
        Self::with_tag(texts)
    }

    fn with_tag(mut texts: Texts) -> Self {
        texts.script_tag = texts.tag();
        Self(Arc::new(texts))
    }

    /// Says that the routes of the auth plugin are below this path for browsers, with or without slashes
    /// around it: because a router nests them, or a proxy in front takes a part of the path away.
    ///
    /// An adapter's `Luna::below` does this itself, for the path that it puts its routes at. A second call puts
    /// its path before that of the first.
    ///
    /// ```
    /// # let elements = lunadefend_core::Elements::new("https://tokenizer.example.com", "1a2b.js", "sha384-AbC");
    /// let elements = elements.below("/api");
    /// assert!(elements.script_tag().contains(r#" data-plugin-base="/api">"#));
    /// ```
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        let mut texts = Texts::clone(&self.0);
        let path = path.trim_matches('/');
        if !path.is_empty() {
            texts.plugin_base = format!("/{path}{}", texts.plugin_base);
        }
        Self::with_tag(texts)
    }

    /// Says which of the tokenizer's `AUTH_PROVIDERS` this application is. Only a tokenizer that has several
    /// needs it.
    #[must_use]
    pub fn with_auth_provider(&self, name: impl Into<String>) -> Self {
        let mut texts = Texts::clone(&self.0);
        texts.auth_provider = name.into();
        Self::with_tag(texts)
    }

    /// Returns the element that loads the elements, for the `<head>` of a page.
    ///
    /// It is HTML, and escaped: a template prints it as it is, as `{{ tag|safe }}` in askama and
    /// `(PreEscaped(tag))` in maud. The address has the hash of the contents, and `integrity` makes the browser
    /// check them: a changed module does not run, and a tokenizer that does not know this version answers 404.
    #[must_use]
    pub fn script_tag(&self) -> &str {
        &self.0.script_tag
    }

    /// Returns the directives of a `Content-Security-Policy` that the elements need, as narrow as browsers
    /// allow. Put yours before them, each with a `;` behind it.
    ///
    /// | directive | source | for |
    /// |---|---|---|
    /// | `script-src` | the one module | the script tag |
    /// | `frame-src` | the one document | the frame inside each element |
    /// | `connect-src` | `'self'`, and the one route of the tokenizer | the session transfer: the page fetches the auth plugin, which redirects to the tokenizer |
    ///
    /// A policy says a directive once. If yours has one of these, write the sources together: see
    /// [`script_url`](Self::script_url) and [`tokenizer_origin`](Self::tokenizer_origin). The elements need no
    /// source of styles, images or fonts, and neither `'unsafe-inline'` nor `'unsafe-eval'`.
    #[must_use]
    pub fn content_security_policy(&self) -> &str {
        &self.0.policy
    }

    /// Returns the address of the element module, for a tag of your own (`type="module"`, `crossorigin`), such
    /// as one with a nonce.
    #[must_use]
    pub fn script_url(&self) -> &str {
        &self.0.script_url
    }

    /// Returns the attribute `integrity` for a tag of your own (W3C, Subresource Integrity).
    #[must_use]
    pub fn integrity(&self) -> &str {
        &self.0.integrity
    }

    /// Returns the origin of the tokenizer, as browsers reach it: a source for a policy of your own.
    ///
    /// It allows more than [`content_security_policy`](Self::content_security_policy), everything of that
    /// origin.
    #[must_use]
    pub fn tokenizer_origin(&self) -> &str {
        let url = &self.0.tokenizer_url;
        let host = url.find("://").map_or(0, |scheme| scheme + "://".len());
        let end = url[host..].find('/').map_or(url.len(), |path| host + path);
        &url[..end]
    }

    /// Returns the path below which the routes of the auth plugin are: empty, or such as `/api`. For an
    /// attribute `data-plugin-base` of your own.
    #[must_use]
    pub fn plugin_base(&self) -> &str {
        &self.0.plugin_base
    }
}

impl Texts {
    fn tag(&self) -> String {
        let plugin_base = path(&self.plugin_base);
        let attribute = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!(" {name}=\"{}\"", html(value)),
        };
        format!(
            "<script type=\"module\"{}{} crossorigin{}{}></script>",
            attribute("src", &self.script_url),
            attribute("integrity", &self.integrity),
            attribute("data-plugin-base", &plugin_base),
            attribute("data-auth-provider", &self.auth_provider),
        )
    }
}

fn policy(tokenizer_url: &str, script_url: &str) -> String {
    // These two end a source list (Content Security Policy Level 3, section 2.3.1).
    let source = |url: &str| url.replace(';', "%3B").replace(',', "%2C");
    let (script, tokenizer) = (source(script_url), source(tokenizer_url));
    format!(
        "script-src {script}; frame-src {tokenizer}/frame; connect-src 'self' {tokenizer}/session/create"
    )
}

/// Escapes a value of an attribute in double quotes.
fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Encodes what is no character of a path (RFC 3986, section 3.3), so that the text stays a path of the page's
/// own origin: `/\example.com` would name a host.
fn path(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
