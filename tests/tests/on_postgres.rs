//! The tests end to end once more, with tokenizers on PostgreSQL: their worlds go by the name of this program.
#![cfg(unix)]

#[path = "end_to_end/main.rs"]
mod end_to_end;
