//! AWS Secrets Manager as a secret provider of LunaDefend.
#![doc = include_str!("../README.md")]
