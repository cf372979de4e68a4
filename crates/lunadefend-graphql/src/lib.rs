//! The `@token` directive of LunaDefend for async-graphql: every token is verified or granted, or the schema does not build.
#![doc = include_str!("../README.md")]
