//! Prepared requests over sockets, each read no further than needed: the client that costs least.

use super::{
    load::Caller,
    template::{Jwts, Template},
};
use crate::{job::Request, store::VALUE};
use anyhow::{Context, Result, bail, ensure};
use std::{
    net::SocketAddr,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What the connections of a client share.
pub(super) struct Plan {
    request: Request,
    address: SocketAddr,
    host: String,
    template: Template,
    tokens: Arc<[String]>,
    next: Arc<AtomicU64>,
    salt: u64,
}

impl Plan {
    pub(super) fn new(
        request: Request,
        address: SocketAddr,
        jwts: &Jwts,
        tokens: Arc<[String]>,
        next: Arc<AtomicU64>,
        salt: u64,
    ) -> Self {
        let host = format!("localhost:{}", address.port());
        Self {
            request,
            address,
            template: Template::new(request, &host, jwts),
            host,
            tokens,
            next,
            salt,
        }
    }
}

/// One connection.
pub(super) struct Connection {
    plan: Arc<Plan>,
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(plan: Arc<Plan>) -> Result<Self> {
        let stream = TcpStream::connect(plan.address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            plan,
            stream,
            request: Vec::with_capacity(2048),
            answer: Vec::with_capacity(2048),
        })
    }

    /// Sends the request, and returns where the answer's body is.
    async fn ask(&mut self) -> Result<Range<usize>> {
        self.stream.write_all(&self.request).await?;
        self.answer.clear();
        let mut end = None;
        loop {
            let read = self.stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the server closed a connection");
            if end.is_none() {
                end = head(&self.answer)?;
            }
            if let Some(body) = &end
                && self.answer.len() >= body.end
            {
                ensure!(self.answer.len() == body.end, "more than an answer came");
                return Ok(body.clone());
            }
        }
    }
}

impl Connection {
    /// Sends another request, and returns where its answer's body is.
    async fn ask_with(&mut self, request: &[&[u8]]) -> Result<Range<usize>> {
        self.request.clear();
        for part in request {
            self.request.extend_from_slice(part);
        }
        self.ask().await
    }

    /// Sends the next request, and returns it with its answer, which is as expected.
    pub(super) async fn ask_once(&mut self) -> Result<(&[u8], &[u8])> {
        self.next().await?;
        Ok((&self.request, &self.answer))
    }

    /// Sends the next request, and returns the body of its answer, which is as expected.
    async fn next(&mut self) -> Result<&str> {
        let plan = self.plan.clone();
        let number = plan.next.fetch_add(1, Ordering::Relaxed);
        let (template, request) = (&plan.template, &mut self.request);
        template.write(request, &plan.tokens, number, plan.salt);
        let body = self.ask().await?;
        let body = str::from_utf8(&self.answer[body])?;
        check(body, template.expected)?;
        Ok(body)
    }
}

impl Caller for Connection {
    async fn call(&mut self) -> Result<()> {
        let plan = self.plan.clone();
        let body = self.next().await?;
        match plan.request {
            Request::DetokenizeUrl => {
                let path = path(body, "downloadUrl")?;
                let get = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", plan.host);
                let body = self.ask_with(&[get.as_bytes()]).await?;
                ensure!(self.answer[body] == *VALUE, "another value came back");
            }
            Request::TokenizeUrl => {
                let path = path(body, "uploadUrl")?;
                let put = format!(
                    "PUT {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
                    plan.host,
                    VALUE.len()
                );
                self.ask_with(&[put.as_bytes(), VALUE]).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Checks that the answer has a text so often.
fn check(body: &str, (text, count): (&str, usize)) -> Result<()> {
    let found = match count {
        1 => usize::from(body.contains(text)),
        _ => body.matches(text).count(),
    };
    ensure!(found == count, "an answer without {count} times {text}");
    Ok(())
}

/// Returns the path of a URL in an answer.
fn path<'a>(body: &'a str, name: &str) -> Result<&'a str> {
    let (_, url) = body.split_once(name).context("no URL")?;
    let (_, url) = url.split_once("://").context("no URL")?;
    let (url, _) = url.split_once('"').context("no end of the URL")?;
    let slash = url.find('/').context("no path")?;
    Ok(&url[slash..])
}

/// Returns where the body of an answer is; `None` while its head has not come. Any status but 200 is an error.
fn head(answer: &[u8]) -> Result<Option<Range<usize>>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = response.parse(answer)? else {
        return Ok(None);
    };
    let status = response.code.unwrap_or_default();
    if status != 200 {
        bail!("an answer with status {status}");
    }
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.context("an answer without a length")?;
    let length: usize = str::from_utf8(length.value)?.parse()?;
    Ok(Some(start..start + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_behind_its_head() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab";
        for cut in 0..answer.len() - 2 {
            assert_eq!(head(&answer[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(head(answer).unwrap(), Some(38..42));
    }

    #[test]
    fn a_refusal_or_an_endless_answer_is_the_end() {
        for answer in [
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: 4\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        ] {
            assert!(head(answer.as_bytes()).is_err(), "{answer}");
        }
    }

    #[test]
    fn each_verdict_counts() {
        let text = r#""valid":true"#;
        let items = |verdicts: &[bool]| {
            let items = verdicts.iter().map(|is| format!(r#"{{"valid":{is}}}"#));
            items.collect::<String>()
        };
        check(&items(&[true]), (text, 1)).unwrap();
        check(&items(&[true; 3]), (text, 3)).unwrap();
        check(&items(&[false]), (text, 1)).unwrap_err();
        check(&items(&[true, false, true]), (text, 3)).unwrap_err();
    }

    #[test]
    fn the_path_of_a_download() {
        let body = r#"{"data":{"downloadUrl":"http://localhost:1/blobs/x?s=y","headers":{}}}"#;
        assert_eq!(path(body, "downloadUrl").unwrap(), "/blobs/x?s=y");
        path(body, "uploadUrl").unwrap_err();
    }
}
