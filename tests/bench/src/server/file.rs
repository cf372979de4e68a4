//! hyper alone, with a file.

use super::serve_bare;
use anyhow::Result;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Response, header};
use http_body_util::StreamBody;
use hyper::body::Frame;
use std::{
    fs::File,
    io::{self, Read},
    path::PathBuf,
};
use tokio::net::TcpListener;

/// The length of the pieces in which the file is sent, in bytes.
const PIECE: u64 = 64 * 1024;

pub(super) async fn serve(listener: TcpListener, path: PathBuf) -> Result<()> {
    let answer = move |_: &str, _: &[u8]| {
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        // What was written a moment ago is in memory: to read it is to copy it.
        let pieces = stream::iter(0..length.div_ceil(PIECE)).map(move |_| piece(&file));
        let body = StreamBody::new(pieces);
        let response = Response::builder().header(header::CONTENT_LENGTH, length);
        Ok(response.body(body)?)
    };
    serve_bare(listener, answer).await
}

fn piece(file: &File) -> io::Result<Frame<Bytes>> {
    let mut piece = Vec::with_capacity(PIECE as usize);
    file.take(PIECE).read_to_end(&mut piece)?;
    Ok(Frame::data(piece.into()))
}
