#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod granted;
mod luna;
mod session;
mod verified;

pub use error::Error;
pub use granted::{Granted, Granter};
pub use luna::Luna;
pub use session::Session;
pub use verified::Verified;
