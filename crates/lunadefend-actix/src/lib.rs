//! The actix-web adapter of LunaDefend: the auth plugin, sessions, verified bodies and granted answers.
#![doc = include_str!("../README.md")]
