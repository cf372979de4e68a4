//! Connections in memory, and in a time that moves when nothing else is to be done.

mod client;
mod ends;
mod floods;
mod responses;
