//! The tests end to end once more, with three tokenizers on each PostgreSQL, which take the requests in turn: their
//! worlds go by the name of this program.
#![cfg(unix)]

#[path = "end_to_end/main.rs"]
mod end_to_end;
