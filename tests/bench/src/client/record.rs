//! One answer of a tokenizer, so that another server can give the same.

use super::{
    jwts,
    socket::{Connection, Plan},
};
use crate::{job::Request, server::Recorded, store::Key};
use anyhow::{Context, Result};
use lunadefend_crypto::random_bytes;
use std::{fs, net::SocketAddr, path::Path, sync::Arc};

/// Asks a running tokenizer, and keeps what it answers.
pub(crate) async fn record(
    request: Request,
    address: SocketAddr,
    key: &Key,
    tokens: &Path,
) -> Result<Recorded> {
    let url = format!("http://localhost:{}", address.port());
    let jwts = jwts(&key.private, &url)?;
    let tokens = fs::read_to_string(tokens)?;
    let tokens = tokens.lines().map(str::to_owned).collect();
    let salt = u64::from_be_bytes(random_bytes()?);
    let plan = Plan::new(request, address, &jwts, tokens, Arc::default(), salt);
    let mut connection = Connection::open(Arc::new(plan)).await?;
    let (asked, answer) = connection.ask_once().await?;
    read(asked, answer)
}

fn read(asked: &[u8], answer: &[u8]) -> Result<Recorded> {
    let path = str::from_utf8(asked)?.split(' ').nth(1);
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let length = response.parse(answer)?;
    let httparse::Status::Complete(start) = length else {
        anyhow::bail!("half an answer");
    };
    let is_hypers = |name: &str| ["content-length", "date"].contains(&name);
    let headers = response.headers.iter();
    let headers = headers.filter(|header| !is_hypers(&header.name.to_ascii_lowercase()));
    let headers = headers.map(|header| {
        let value = str::from_utf8(header.value)?;
        anyhow::Ok((header.name.to_owned(), value.to_owned()))
    });
    Ok(Recorded {
        path: path.context("no path")?.to_owned(),
        headers: headers.collect::<Result<_>>()?,
        body: str::from_utf8(&answer[start..])?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_but_for_what_hyper_writes() {
        let answer = b"HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 2\r\nDate: now\r\n\r\n{}";
        let recorded = read(b"POST /a/b HTTP/1.1\r\n\r\n", answer).unwrap();
        assert_eq!(recorded.path, "/a/b");
        assert_eq!(recorded.headers, [("x-a".to_owned(), "1".to_owned())]);
        assert_eq!(recorded.body, "{}");
        assert!(read(b"POST /a HTTP/1.1\r\n\r\n", &answer[..20]).is_err());
    }
}
