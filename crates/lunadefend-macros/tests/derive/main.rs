//! What the derive makes, against a tokenizer that lives in memory.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod backend;
mod calls;
mod nested;
mod patch;
mod serde_attributes;
mod shapes;
mod utoipa;
