//! An application of the table that runs, and its client.

use crate::{
    answer::Answer,
    application::{App, BODY_LIMIT, Provider},
    on::Adapter,
    row::Request,
};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lunadefend::LunaDefend;
use lunadefend_http::HttpClient;
use lunadefend_tests::{
    Settings, World,
    http1::{self, PATIENCE},
};
use std::net::SocketAddr;
use tokio::time::Instant;

/// An application on one of the frameworks.
#[derive(Clone)]
pub(crate) struct Site {
    url: String,
    pub(crate) provider: Provider,
    http: HttpClient,
}

impl Site {
    /// One whose auth plugin is at the root, and the tokenizer that it stands on.
    pub(crate) async fn with_tokenizer(adapter: &Adapter, settings: Settings) -> World<Self> {
        World::around(settings, async |luna| {
            let site = Self::start(adapter, luna, "", Some(BODY_LIMIT)).await;
            let address = site.address();
            (site, address)
        })
        .await
    }

    /// With the base path of the auth plugin, and how many bytes a body may have.
    pub(crate) async fn start(
        adapter: &Adapter,
        luna: LunaDefend,
        base: &'static str,
        body_limit: Option<usize>,
    ) -> Self {
        let app = App::new(luna, base, body_limit);
        let provider = app.provider.clone();
        Self {
            url: (adapter.start)(app).await,
            provider,
            http: HttpClient::builder().tls(false).build().unwrap(),
        }
    }

    fn address(&self) -> SocketAddr {
        self.url.strip_prefix("http://").unwrap().parse().unwrap()
    }

    /// `None` when there is none, as after a panic that nobody caught.
    pub(crate) async fn answer(&self, request: &Request) -> Option<Answer> {
        let (site, request) = (self.clone(), request.clone());
        let exchange = tokio::spawn(async move {
            if request.by_hand {
                site.by_hand(&request).await
            } else {
                site.by_client(&request).await
            }
        });
        exchange.await.ok()
    }

    async fn by_client(&self, request: &Request) -> Answer {
        let mut headers = HeaderMap::new();
        // A server that refuses a body without reading it closes the connection: whoever has sent the
        // next request on it by then is not answered.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        for (name, value) in &request.headers {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        let answer = self
            .http
            .send(lunadefend_http::Request {
                method: request.method.clone(),
                url: format!("{}{}", self.url, request.target).into(),
                headers,
                body: request.body.clone().into(),
                max_response: 1024 * 1024,
                deadline: Instant::now() + PATIENCE,
            })
            .await
            .unwrap();
        Answer::new(
            request,
            answer.status.as_u16(),
            &answer.headers,
            answer.body.into(),
        )
    }

    /// Header and body exactly as the row has them. A row that says how its body is framed frames it
    /// itself.
    async fn by_hand(&self, request: &Request) -> Answer {
        let start = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
        let mut bytes = start.into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        };
        line("host", self.address().to_string().as_bytes());
        line("connection", b"close");
        for (name, value) in &request.headers {
            line(name, value);
        }
        let framed = request
            .headers
            .iter()
            .any(|(name, _)| *name == "transfer-encoding");
        if !framed && !request.body.is_empty() {
            line("content-length", request.body.len().to_string().as_bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(&request.body);
        let answer = http1::exchange(self.address(), &bytes).await;
        let headers = answer.headers.iter().map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                value.parse::<HeaderValue>().unwrap(),
            )
        });
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        Answer::new(request, answer.status(), &all, answer.body)
    }
}
