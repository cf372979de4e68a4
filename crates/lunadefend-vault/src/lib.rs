#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The source of `MemoryStore` is shown as an example, where it names this crate.
extern crate self as lunadefend_vault;

pub mod store;
mod timer;
mod vault;

pub use timer::{SystemTimer, Timer};
pub use vault::*;
