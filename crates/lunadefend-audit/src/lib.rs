#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod audit;
mod chain;
mod counters;
mod destination;
mod error;
mod file;
mod finding;
mod head;
mod key;
mod line;
mod names;
mod record;
mod tail;
mod verify;
mod writer;

pub use audit::{Audit, Options};
pub use counters::Counters;
pub use destination::{Destination, Stdout};
pub use error::{AuditError, Unrecorded};
pub use file::AuditFile;
pub use finding::{Finding, Problem};
pub use head::{Head, InvalidHead};
pub use key::{AuditKey, AuditKeyError};
pub use line::{Entry, Line, Torn};
pub use names::{Name, Names, ProcessId};
pub use record::{Act, Item, Record, Who};
pub use tail::Tail;
pub use verify::{Beginning, Chained, End, Report, Verifier};
