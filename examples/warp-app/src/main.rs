//! A small application on warp: log-in, a profile full of tokens, SQLite.

fn main() {}
