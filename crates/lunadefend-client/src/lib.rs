#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod blob;
mod builder;
mod client;
mod grants;
mod key_service;
mod message;
mod retry;
mod session_ids;
mod tokenizer;
mod transfer;
mod transport;

pub use builder::{BuildError, ClientBuilder};
pub use client::Client;
pub use key_service::{KeyRing, KeyService};
pub use message::TokenizerMessage;
pub use session_ids::{SessionIds, SessionKey, SessionKeyError};
pub use tokenizer::Tokenizer;
