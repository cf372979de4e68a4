#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod blob;
mod builder;
mod check;
mod client;
mod discovery;
mod download;
mod grants;
mod key_ring;
mod key_service;
mod message;
mod observe;
mod retry;
mod session_ids;
mod sessions;
mod signing_keys;
mod tokenize;
mod tokenizer;
mod trace;
mod transfer;
mod transport;
mod values;

pub use builder::{BuildError, ClientBuilder};
pub use check::Check;
pub use client::Client;
pub use download::Download;
pub use key_ring::{KeyRole, KeyRotation};
pub use key_service::{KeyService, PublishedKey};
pub use lunadefend_http::StreamBody;
pub use message::TokenizerMessage;
pub use session_ids::{SessionIdKey, SessionIdKeyError, SessionIds};
pub use signing_keys::{DemoKey, SigningKeys, SigningKeysError};
pub use tokenize::TokenizeValue;
pub use tokenizer::TokenizerClient;
