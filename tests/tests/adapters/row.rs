//! The rows: a request, and the answer that every adapter must give.

use crate::site::Site;
use http::Method;
use lunadefend::{Builder, ErrorKind};
use lunadefend_core::Error;
use lunadefend_tests::{Fault, World};
use serde_json::json;

/// One scenario.
pub(crate) struct Row {
    /// What it shows. A recorded case of the original stands under its own name.
    pub(crate) name: String,
    pub(crate) request: Request,
    pub(crate) expected: Expected,
    pub(crate) at: At,
    /// What the line to the tokenizer does meanwhile.
    pub(crate) fault: Option<fn() -> Fault>,
    /// What happens before the request.
    pub(crate) before: Option<fn(&World<Site>)>,
    /// What happens after it.
    pub(crate) after: Option<fn(&World<Site>)>,
}

/// Which application of the adapter is asked.
pub(crate) enum At {
    /// That of the group.
    Shared,
    /// One whose auth plugin is below a path.
    Below(&'static str),
    /// One that sets no limit for bodies.
    Unlimited,
    /// One with settings of its own.
    With(fn() -> Builder),
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, request: Request, expected: Expected) -> Self {
        Self {
            name: name.into(),
            request,
            expected,
            at: At::Shared,
            fault: None,
            before: None,
            after: None,
        }
    }

    pub(crate) fn below(mut self, base: &'static str) -> Self {
        self.at = At::Below(base);
        self
    }

    pub(crate) fn unlimited(mut self) -> Self {
        self.at = At::Unlimited;
        self
    }

    pub(crate) fn with(mut self, settings: fn() -> Builder) -> Self {
        self.at = At::With(settings);
        self
    }

    pub(crate) fn during(mut self, fault: fn() -> Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    pub(crate) fn before(mut self, step: fn(&World<Site>)) -> Self {
        self.before = Some(step);
        self
    }

    pub(crate) fn after(mut self, step: fn(&World<Site>)) -> Self {
        self.after = Some(step);
        self
    }
}

/// What is sent.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query, as they stand in the request.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// Whether it is one that the HTTP client would not send like this.
    pub(crate) by_hand: bool,
}

impl Request {
    pub(crate) fn new(method: Method, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
            by_hand: false,
        }
    }

    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::new(Method::GET, target)
    }

    /// With a body of JSON.
    pub(crate) fn post(target: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        Self::new(Method::POST, target)
            .header("content-type", "application/json")
            .body(json)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With the cookie that the provider looks at.
    pub(crate) fn by(self, session: &str) -> Self {
        self.header("cookie", format!("id={session}"))
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }
}

/// The answer that every adapter must give.
#[derive(Clone)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    /// All headers but those of [`IGNORED`](crate::answer::IGNORED) and the `Content-Length`.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body is left out, as after HEAD; its length is not.
    pub(crate) head: bool,
    /// Whether the framework alone answers and only the status is looked at.
    pub(crate) by_framework: bool,
}

impl Expected {
    pub(crate) fn new(
        status: u16,
        headers: &[(&'static str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Self {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        Self {
            status,
            headers: headers.collect(),
            body: body.into(),
            head: false,
            by_framework: false,
        }
    }

    /// 200 and text of a handler.
    pub(crate) fn text(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, &[("content-type", "text/plain; charset=utf-8")], body)
    }

    /// 200 and JSON with granted tokens.
    pub(crate) fn granted(json: impl Into<Vec<u8>>) -> Self {
        let headers = [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
        ];
        Self::new(200, &headers, json)
    }

    pub(crate) fn error(kind: ErrorKind) -> Self {
        Self::error_saying(kind, Error::new(kind).message())
    }

    pub(crate) fn error_saying(kind: ErrorKind, message: &str) -> Self {
        let status = kind.status().as_u16();
        let name = kind.name();
        let message = json!(message);
        let body = format!(
            r#"{{"success":false,"error":{{"name":"{name}","message":{message},"code":"{status}"}}}}"#
        );
        let headers = [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ];
        Self::new(status, &headers, body)
    }

    /// The answer of the auth plugin that sends a browser back.
    pub(crate) fn redirect(location: &str) -> Self {
        let headers = [
            ("location", location),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
        ];
        Self::new(302, &headers, "").within_reach()
    }

    /// The same answer where a page's no-cors fetch arrives.
    pub(crate) fn within_reach(mut self) -> Self {
        let header = ("cross-origin-resource-policy", "cross-origin".to_owned());
        self.headers.push(header);
        self
    }

    /// The answer of the auth plugin to another method than GET and HEAD.
    pub(crate) fn method_not_allowed() -> Self {
        Self::new(405, &[("allow", "GET, HEAD")], "")
    }

    /// The application's own page for what it has no route for.
    pub(crate) fn no_such_page() -> Self {
        let no_such_page = crate::application::NO_SUCH_PAGE;
        Self {
            status: 404,
            ..Self::text(no_such_page)
        }
    }

    /// Whether the request is one that no tokenizer needs to be asked about.
    pub(crate) fn is_refused_unasked(&self) -> bool {
        let kinds = [
            ErrorKind::BadToken,
            ErrorKind::BadRequest,
            ErrorKind::SessionProvider,
            ErrorKind::Forbidden,
            ErrorKind::PayloadTooLarge,
            ErrorKind::TooManyTokens,
            ErrorKind::UnsupportedMediaType,
        ];
        let nobody = Self::error(ErrorKind::NoSession).body;
        self.body == nobody
            || kinds.iter().any(|kind| {
                let name = format!(r#"{{"success":false,"error":{{"name":"{}","#, kind.name());
                self.status == kind.status().as_u16() && self.body.starts_with(name.as_bytes())
            })
    }

    pub(crate) fn by_framework(status: u16) -> Self {
        Self {
            by_framework: true,
            ..Self::new(status, &[], "")
        }
    }

    pub(crate) fn head(mut self) -> Self {
        self.head = true;
        self
    }
}
