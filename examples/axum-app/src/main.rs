//! A small application on axum: log-in, a profile full of tokens, SQLite.

fn main() {}
