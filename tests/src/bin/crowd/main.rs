//! A crowd for `cargo xtask soak --long crowd`: clients that idle, drip, or send far too much, and beside them some who want
//! what everybody wants.
//!
//! It says on its standard output `served idle=N others=N cut=N`: connections that idled to the end, requests of others that
//! were answered meanwhile, and the endless heads and bodies that were cut off.
#![expect(
    clippy::print_stdout,
    reason = "that is how it talks to what started it"
)]

use anyhow::{Context, Result, ensure};
use clap::Parser;
use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const SLOW: usize = 100;
/// Requests of others, some at a time.
const OTHERS: usize = 2000;
const AT_ONCE: usize = 20;
static PIECE: [u8; 64 * 1024] = [b'a'; 64 * 1024];
const PIECES: usize = 100 * 1024 * 1024 / PIECE.len();
const ENDLESS: usize = 20;

/// Crowd a tokenizer. Started by `cargo xtask soak`.
#[derive(Parser)]
#[command(name = "crowd")]
struct Cli {
    #[arg(long, value_name = "ADDR")]
    tokenizer: SocketAddr,
    /// How many connections idle.
    #[arg(long)]
    idle: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let addr = cli.tokenizer;
    let mut idle = Vec::with_capacity(cli.idle);
    for number in 0..cli.idle {
        let mut stream = TcpStream::connect(addr)
            .await
            .with_context(|| format!("connection {number}"))?;
        // A connection that has said nothing is not one that idles.
        ask(&mut stream).await?;
        idle.push(stream);
    }
    let mut slow = Vec::with_capacity(SLOW);
    for _ in 0..SLOW {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(b"GET /live HTTP/1.1\r\nhost").await?;
        slow.push(stream);
    }
    let mut endless = JoinSet::new();
    for number in 0..ENDLESS {
        endless.spawn(send_endlessly(addr, number % 2 == 0));
    }
    let mut others = JoinSet::new();
    for _ in 0..AT_ONCE {
        others.spawn(async move {
            let mut stream = TcpStream::connect(addr).await?;
            for _ in 0..OTHERS / AT_ONCE {
                ask(&mut stream).await?;
            }
            Ok::<_, anyhow::Error>(OTHERS / AT_ONCE)
        });
    }
    let mut answered = 0;
    while let Some(done) = others.join_next().await {
        answered += done??;
    }
    let mut cut = 0;
    while let Some(done) = endless.join_next().await {
        done??;
        cut += 1;
    }
    // Whoever dripped is served when he is done, and who idled is still there.
    for stream in &mut slow {
        stream.write_all(b": t\r\n\r\n").await?;
        read_answer(stream).await?;
    }
    for stream in &mut idle {
        ask(stream).await?;
    }
    println!("served idle={} others={answered} cut={cut}", idle.len());
    Ok(())
}

/// Asks whether the process lives.
async fn ask(stream: &mut TcpStream) -> Result<()> {
    stream
        .write_all(b"GET /live HTTP/1.1\r\nhost: t\r\n\r\n")
        .await?;
    read_answer(stream).await
}

async fn read_answer(stream: &mut TcpStream) -> Result<()> {
    let mut answer = Vec::new();
    // The body of the answer is an object, and the head has no brace.
    while !answer.ends_with(b"}}") {
        let read = stream.read_buf(&mut answer).await?;
        ensure!(read > 0, "a connection was closed");
    }
    ensure!(answer.starts_with(b"HTTP/1.1 200 "), "a refusal");
    Ok(())
}

/// Sends a head or a body of 100 MiB, which must be cut off before its end.
async fn send_endlessly(addr: SocketAddr, is_head: bool) -> Result<()> {
    let mut stream = TcpStream::connect(addr).await?;
    let start = match is_head {
        true => "GET /live HTTP/1.1\r\nx-long: ".to_owned(),
        false => format!(
            "POST /grant/verify HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            PIECES * PIECE.len()
        ),
    };
    stream.write_all(start.as_bytes()).await?;
    for _ in 0..PIECES {
        match stream.write_all(&PIECE).await {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("100 MiB were taken")
}
