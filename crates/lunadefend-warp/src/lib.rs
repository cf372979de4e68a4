#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth_plugin;
mod extract;
mod handler;
mod luna;
mod payload;
mod provider;
mod recover;
mod session;
mod verified;

pub use extract::Extract;
pub use handler::Handler;
pub use luna::Luna;
pub use lunadefend_core::{Error, Granted, Granter};
pub use recover::recover;
pub use session::Session;
pub use verified::Verified;
