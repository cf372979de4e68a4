//! `lunadefend token`: what an operator may know of tokens, and their end.

use crate::{
    admin::{Admin, print},
    words,
};
use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use lunadefend_core::{
    provider::TokenId,
    wire::{
        DescribedItem, Description, Empty, TokenIds, TokensDelete, TokensDescribe, TokensDescribed,
    },
};
use std::{
    fmt::Write,
    io::{self, BufRead, IsTerminal},
    time::{Duration, UNIX_EPOCH},
};

/// Describe or delete tokens, at a running `lunadefend serve`.
#[derive(Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Describe(Describe),
    Delete(Delete),
}

/// Show what is known of tokens without their values: kind, length, times.
///
/// The mask of a value is shown only with LUNADEFEND_MASKS=application.
#[derive(Args)]
struct Describe {
    /// The tokens, or - for the lines of stdin.
    #[arg(required = true, value_name = "TOKEN")]
    tokens: Vec<String>,
    /// Print a JSON object for each, in one line. Times are milliseconds since the Unix epoch.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: Admin,
}

/// Delete tokens for good: their values, metadata, grants and URLs.
///
/// Deleted and unknown tokens are no error. They count for LUNADEFEND_DELETES_PER_HOUR, and LUNADEFEND_DELETE=off
/// refuses this too. Backups keep what they have.
#[derive(Args)]
struct Delete {
    /// The tokens, or - for the lines of stdin.
    #[arg(required = true, value_name = "TOKEN")]
    tokens: Vec<String>,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    admin: Admin,
}

impl Token {
    pub(crate) async fn run(self) -> Result<()> {
        match self.command {
            Command::Describe(describe) => describe.run().await,
            Command::Delete(delete) => delete.run().await,
        }
    }
}

impl Describe {
    async fn run(self) -> Result<()> {
        let mut number = 0;
        for token_ids in requests(&read(&self.tokens)?)? {
            let asked = TokensDescribe { token_ids };
            let found: TokensDescribed = self.admin.post("/tokens/describe", &asked).await?;
            ensure!(
                found.items.len() == asked.token_ids.as_slice().len(),
                "the tokenizer described other tokens"
            );
            for item in &found.items {
                number += 1;
                print(&match self.json {
                    true => serde_json::to_string(item)? + "\n",
                    false => line(number, item),
                });
            }
        }
        Ok(())
    }
}

impl Delete {
    async fn run(self) -> Result<()> {
        let tokens = read(&self.tokens)?;
        if !self.yes {
            let asks = io::stdin().is_terminal() && self.tokens != [words::STDIN];
            ensure!(
                asks,
                "nobody can be asked here whether to delete: give --yes"
            );
            eprint!(
                "Delete {} tokens and their values for good? Only a backup brings them back. [y/N] ",
                tokens.len()
            );
            let mut said = String::new();
            io::stdin().lock().read_line(&mut said)?;
            if !matches!(said.trim(), "y" | "Y" | "yes") {
                bail!("nothing was deleted");
            }
        }
        let mut done = 0;
        for token_ids in requests(&tokens)? {
            let count = token_ids.as_slice().len();
            let request = TokensDelete { token_ids };
            let deleted: Result<Empty> = self.admin.post("/tokens/delete", &request).await;
            deleted.with_context(|| format!("of {} tokens {done} were deleted", tokens.len()))?;
            done += count;
        }
        print(&format!("{done} tokens are not there any more\n"));
        Ok(())
    }
}

/// Reads all tokens before anything is done about one.
fn read(given: &[String]) -> Result<Vec<TokenId>> {
    let words = words::all(given, io::stdin().lock())?;
    let tokens = words.iter().enumerate().map(|(index, word)| {
        // It may be something else, such as a value: it is not repeated.
        TokenId::parse(word).with_context(|| format!("number {} is no token", index + 1))
    });
    tokens.collect()
}

/// As many requests as they need.
fn requests(tokens: &[TokenId]) -> Result<Vec<TokenIds>> {
    let some = tokens.chunks(TokenIds::MAX);
    let some = some.map(|some| TokenIds::new(some.to_vec()).context("too many tokens"));
    some.collect()
}

fn line(number: usize, item: &DescribedItem) -> String {
    let Some(about) = &item.description else {
        return format!("{number}  there is no such token\n");
    };
    let Description {
        kind,
        size,
        created_at,
        expires_at,
        mask,
    } = about;
    let mut line = format!("{number}  ");
    // A String takes everything.
    let _ = match size {
        Some(size) => write!(line, "{size} bytes"),
        None => write!(line, "no value yet"),
    };
    let _ = kind.map(|kind| write!(line, ", {}", kind.name()));
    let _ = created_at.map(|at| write!(line, ", made {}", date(at)));
    let _ = expires_at.map(|at| write!(line, ", expires {}", date(at)));
    let _ = mask.as_ref().map(|mask| write!(line, ", {mask}"));
    line + "\n"
}

pub(crate) fn date(millis: u64) -> String {
    let time = UNIX_EPOCH.checked_add(Duration::from_millis(millis));
    // Later than the year 9999 there is no date.
    let latest = Duration::from_secs(253_402_300_799);
    match time.filter(|time| *time <= UNIX_EPOCH + latest) {
        Some(time) => httpdate::fmt_http_date(time),
        None => "after the year 9999".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_core::wire::ValueKind;

    #[test]
    fn a_token_is_a_line() {
        let item = |description| DescribedItem {
            token_id: TokenId::parse("lunasec-0a1b2c3d-1111-4222-8333-444455556666").unwrap(),
            description,
        };
        let all = Description {
            kind: Some(ValueKind::CardNumber),
            size: Some(16),
            created_at: Some(1_700_000_000_000),
            expires_at: Some(u64::MAX),
            mask: Some("Visa \u{2022}\u{2022}\u{2022}\u{2022} 1111".into()),
        };
        assert_eq!(
            line(7, &item(Some(all))),
            "7  16 bytes, card-number, made Tue, 14 Nov 2023 22:13:20 GMT, expires after the year 9999, Visa \u{2022}\u{2022}\u{2022}\u{2022} 1111\n"
        );
        let waiting = line(1, &item(Some(Description::default())));
        assert_eq!(waiting, "1  no value yet\n");
        assert_eq!(line(2, &item(None)), "2  there is no such token\n");
    }
}
