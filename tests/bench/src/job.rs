//! What a client process is told to do.

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// The session that has a grant for each token of a store.
pub(crate) const READER: &str = "the session that reads";
/// The session that gets new grants.
pub(crate) const WRITER: &str = "the session that is granted";

/// The load of one contender.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// What each operation is.
    pub(crate) work: Work,
    /// How many are under way at once.
    pub(crate) in_flight: usize,
    /// The server.
    pub(crate) address: SocketAddr,
    /// The application's private key, in PEM.
    pub(crate) key: String,
    /// A file with the tokens of the server's store, one a line.
    pub(crate) tokens: PathBuf,
}

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Work {
    /// A prepared request over a socket.
    Socket(Request),
    /// A verify of wire level 1 by reqwest, with a fixed JWT.
    Reqwest,
    /// A verify by `LunaDefend`.
    Sdk {
        /// The wire level that it uses.
        level: u64,
        /// How many tokens are in the list; 1 is no list.
        tokens: usize,
    },
}

/// A request of the tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// `/grant/verify`.
    VerifyLevel1,
    /// `/v2/grants/verify` with so many tokens.
    Verify(usize),
    /// `/v2/grants/set` with so many tokens.
    Set(usize),
    /// `/v2/tokenize` with a small value.
    Tokenize,
    /// `/tokenize`, whose answer says where the value goes.
    TokenizeLater,
    /// `/tokenize`, and a PUT of a small value to the URL that it answers.
    TokenizeUrl,
    /// `/v2/detokenize` of a small value.
    Detokenize,
    /// `/detokenize`, and a GET of the URL that it answers.
    DetokenizeUrl,
}

impl Work {
    /// Returns how many tokens an operation is about.
    #[must_use]
    pub(crate) const fn items(self) -> u64 {
        match self {
            Self::Socket(Request::Verify(tokens) | Request::Set(tokens))
            | Self::Sdk { tokens, .. } => tokens as u64,
            Self::Socket(_) | Self::Reqwest => 1,
        }
    }
}

/// What a client has done in one slice of time.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// How many operations ended.
    pub(crate) operations: u64,
    /// Nanoseconds from the first one's start to the last one's end.
    pub(crate) nanos: u64,
    /// Nanoseconds that half, 99 % and 99.9 % of the operations took at most.
    pub(crate) percentiles: [u64; 3],
    /// How often the client's process allocated meanwhile, where that is counted.
    pub(crate) allocations: Option<u64>,
}
