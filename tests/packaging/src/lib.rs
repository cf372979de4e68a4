//! The files of `ops/`, read with the types of those who read them in production, and held to what the tokenizer is.

mod manifest;
mod pod;
mod problems;

pub use manifest::{Object, read};
pub use problems::{Set, problems};

/// A file of the repository.
///
/// # Errors
/// When it cannot be read.
pub fn file(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR")))
}
