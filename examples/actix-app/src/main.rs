//! A small application on actix-web: log-in, a profile full of tokens, SQLite.

fn main() {}
