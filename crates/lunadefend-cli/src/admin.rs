//! Requests over the admin socket of a running `lunadefend serve`.

use anyhow::Result;
use clap::Args;
use std::{io::Write, path::PathBuf, time::Duration};

/// Where the tokenizer is.
#[derive(Args)]
pub(crate) struct Admin {
    /// The admin socket of the tokenizer; LUNADEFEND_ADMIN_SOCKET by default.
    #[arg(long, value_name = "PATH")]
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no such socket"))]
    socket: Option<PathBuf>,
}

/// Prints text to stdout. A closed pipe, as by `head`, is no failure.
pub(crate) fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[cfg(not(unix))]
impl Admin {
    pub(crate) async fn get<T>(&self, _: &str) -> Result<T> {
        anyhow::bail!(MISSING)
    }

    pub(crate) async fn post<B, T>(&self, _: &str, _: &B) -> Result<T> {
        anyhow::bail!(MISSING)
    }

    pub(crate) async fn post_within<B, T>(&self, _: Duration, _: &str, _: &B) -> Result<T> {
        anyhow::bail!(MISSING)
    }

    pub(crate) async fn stream(&self, _: &str, _: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        anyhow::bail!(MISSING)
    }
}

#[cfg(not(unix))]
const MISSING: &str = "there is no admin socket on this system: it is a Unix socket";

#[cfg(unix)]
mod ask {
    use super::*;
    use crate::settings::{admin_socket, of_process};
    use anyhow::{Context, anyhow};
    use bytes::Bytes;
    use futures_util::StreamExt;
    use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
    use lunadefend_core::wire;
    use lunadefend_http::{Connection, HttpClient, HttpError, Request};
    use lunadefend_settings::Side;
    use serde::{Serialize, de::DeserializeOwned};
    use std::{error::Error as _, io, path::Path};
    use tokio::time::Instant;

    /// The deadline, longer than the tokenizer waits for its store.
    const DEADLINE: Duration = Duration::from_secs(30);

    impl Admin {
        pub(crate) async fn get<T: DeserializeOwned>(&self, route: &str) -> Result<T> {
            self.ask(Method::GET, route, Bytes::new(), DEADLINE).await
        }

        pub(crate) async fn post<B: Serialize + Sync, T: DeserializeOwned>(
            &self,
            route: &str,
            body: &B,
        ) -> Result<T> {
            self.post_within(DEADLINE, route, body).await
        }

        pub(crate) async fn post_within<B: Serialize + Sync, T: DeserializeOwned>(
            &self,
            deadline: Duration,
            route: &str,
            body: &B,
        ) -> Result<T> {
            self.ask(Method::POST, route, wire::to_vec(body).into(), deadline)
                .await
        }

        fn socket(&self) -> Result<PathBuf> {
            if let Some(path) = &self.socket {
                return Ok(path.clone());
            }
            let settings = of_process(Side::Tokenizer, None)?;
            admin_socket(&settings)?.context(
                "no admin socket is named: give --socket, or set LUNADEFEND_ADMIN_SOCKET as `lunadefend serve` has it",
            )
        }

        /// Gives each piece of a long answer to `each`, in order, up to its end.
        pub(crate) async fn stream(
            &self,
            route: &str,
            mut each: impl FnMut(&[u8]) -> Result<()>,
        ) -> Result<()> {
            let request = request(Method::GET, route, Bytes::new(), usize::MAX, DEADLINE);
            let (client, socket) = self.client()?;
            let opened = client.open(Connection::New, &request, request.deadline, DEADLINE);
            let mut answer = opened.await.map_err(|error| unanswered(error, &socket))?;
            if answer.status() != StatusCode::OK {
                let limit = wire::RESPONSE.bytes;
                let answer = answer.collect(limit, request.deadline).await?;
                return Err(refused(answer.status, &answer.body, &socket));
            }
            while let Some(piece) = answer.next().await {
                each(&piece.context("the tokenizer broke off; look at its log")?)?;
            }
            Ok(())
        }

        fn client(&self) -> Result<(HttpClient, PathBuf)> {
            let socket = self.socket()?;
            let client = HttpClient::builder()
                .tls(false)
                .unix_socket(&socket)
                .build()?;
            Ok((client, socket))
        }

        async fn ask<T: DeserializeOwned>(
            &self,
            method: Method,
            route: &str,
            body: Bytes,
            deadline: Duration,
        ) -> Result<T> {
            let (client, socket) = self.client()?;
            let request = request(method, route, body, wire::RESPONSE.bytes, deadline);
            let sent = client.send(request).await;
            let answer = sent.map_err(|error| unanswered(error, &socket))?;
            if answer.status != StatusCode::OK {
                return Err(refused(answer.status, &answer.body, &socket));
            }
            let wire::Success(read) = wire::from_slice(&answer.body, wire::RESPONSE)
                .with_context(|| format!("cannot read the answer from {}", socket.display()))?;
            Ok(read)
        }
    }

    fn request(
        method: Method,
        route: &str,
        body: Bytes,
        max_response: usize,
        deadline: Duration,
    ) -> Request {
        let json = HeaderValue::from_static("application/json");
        Request {
            method,
            // The host is not looked up.
            url: format!("http://localhost{route}").into(),
            headers: HeaderMap::from_iter([(header::CONTENT_TYPE, json)]),
            body,
            max_response,
            deadline: Instant::now() + deadline,
        }
    }

    fn unanswered(error: HttpError, socket: &Path) -> anyhow::Error {
        let advice = advice(&error);
        let at = socket.display();
        anyhow::Error::new(error).context(format!("no tokenizer answers at {at}: {advice}"))
    }

    /// What an answer says that is no success.
    fn refused(status: StatusCode, body: &[u8], socket: &Path) -> anyhow::Error {
        match wire::from_slice::<wire::Failure>(body, wire::RESPONSE) {
            Ok(refusal) if status != StatusCode::NOT_FOUND => {
                anyhow!("the tokenizer refuses: {}", refusal.message)
            }
            _ => anyhow!(
                "what listens at {} is no tokenizer of this version",
                socket.display()
            ),
        }
    }

    /// Returns advice for a request without a response.
    fn advice(error: &HttpError) -> &'static str {
        match io_kind(error) {
            Some(io::ErrorKind::NotFound) => {
                "the socket is not there; is `lunadefend serve` running, with this LUNADEFEND_ADMIN_SOCKET?"
            }
            Some(io::ErrorKind::ConnectionRefused) => {
                "its process has ended; start `lunadefend serve` again"
            }
            Some(io::ErrorKind::PermissionDenied) => "run this as the user that runs the tokenizer",
            _ => "look at its log",
        }
    }

    /// Returns the kind of the I/O error among the causes.
    fn io_kind(error: &HttpError) -> Option<io::ErrorKind> {
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Some(error.kind());
            }
            cause = error.source();
        }
        None
    }
}
