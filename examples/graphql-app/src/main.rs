//! A GraphQL application with `@token` on inputs and outputs.

fn main() {}
