#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod base_url;
mod client;
mod error;
mod idn;
mod origin;
mod target;
mod tls;

pub use base_url::{BaseUrl, Cleartext, UrlError};
pub use client::{
    Connection, HttpClient, HttpClientBuilder, Incoming, Request, Response, StreamBody,
    StreamRequest,
};
pub use error::{Head, HttpError};
pub use target::Target;
