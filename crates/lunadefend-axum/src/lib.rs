#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod granter;
mod luna;
mod session;
mod verified;

pub use granter::Granter;
pub use luna::Luna;
pub use lunadefend_core::{Error, Granted};
pub use session::Session;
pub use verified::Verified;
