#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth_plugin;
mod error;
mod extract;
mod granted;
mod handler;
mod luna;
mod payload;
mod provider;
mod session;
mod verified;

pub use error::{Error, recover};
pub use extract::Extract;
pub use granted::{Granted, Granter};
pub use handler::Handler;
pub use luna::Luna;
pub use session::Session;
pub use verified::Verified;
