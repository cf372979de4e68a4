//! What the derive makes, against a tokenizer that lives in memory.

mod calls;
mod fake;
mod nested;
mod serde_attributes;
mod shapes;
mod utoipa;
