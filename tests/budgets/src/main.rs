//! The hot pieces, one at a time, for `cargo xtask check budgets`, which counts their instructions and allocations.
//!
//! `lunadefend-budgets` names the pieces, each with how often one run does it. `lunadefend-budgets NAME` runs one.

#![expect(clippy::print_stdout, reason = "a program that says what it has")]

mod client;
mod counted;
mod keys;
mod stub;
mod tokenizer;
mod vault;
mod wire;

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};

/// Something that is done for each request.
struct Piece {
    name: &'static str,
    /// How often a run does it. A count is divided by this.
    times: u32,
    run: fn(u32) -> Result<()>,
}

const PIECES: &[Piece] = &[
    Piece {
        name: "plain-reqwest",
        times: 50,
        run: client::plain,
    },
    Piece {
        name: "client-verify-1",
        times: 50,
        run: |times| client::verify(1, times),
    },
    Piece {
        name: "client-verify-100",
        times: 10,
        run: |times| client::verify(100, times),
    },
    Piece {
        name: "jwt-verify",
        times: 50,
        run: wire::jwt,
    },
    Piece {
        name: "read-grant-request",
        times: 200,
        run: wire::request,
    },
    Piece {
        name: "read-batch-answer",
        times: 20,
        run: wire::batch,
    },
    Piece {
        name: "vault-grant",
        times: 50,
        run: vault::grant,
    },
    Piece {
        name: "vault-verify",
        times: 50,
        run: vault::verify,
    },
    Piece {
        name: "vault-store-value",
        times: 20,
        run: vault::store,
    },
    Piece {
        name: "vault-read-value",
        times: 50,
        run: vault::read,
    },
    Piece {
        name: "tokenizer-verify-1",
        times: 20,
        run: tokenizer::verify,
    },
    Piece {
        name: "tokenizer-verify-100",
        times: 5,
        run: tokenizer::verify_batch,
    },
];

fn main() -> Result<()> {
    let Some(name) = std::env::args().nth(1) else {
        for Piece { name, times, .. } in PIECES {
            println!("{name} {times}");
        }
        return Ok(());
    };
    let piece = PIECES.iter().find(|piece| piece.name == name);
    let piece = piece.context("there is no such piece")?;
    (piece.run)(piece.times)
}

/// One thread does everything, so that each run does the same.
fn runtime() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}
