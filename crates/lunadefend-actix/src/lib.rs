#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod convert;
mod granter;
mod luna;
mod session;
mod verified;

pub use granter::Granter;
pub use luna::Luna;
pub use lunadefend_core::{Error, Granted};
pub use session::Session;
pub use verified::Verified;

/// A future that actix-web runs on one worker's thread: not `Send`.
type LocalBoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T>>>;
