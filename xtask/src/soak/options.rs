//! What `cargo xtask soak` was told.

use anyhow::{Context as _, Result, bail, ensure};

const APPS: &[&str] = &["axum-app", "actix-app", "warp-app"];

/// Sessions of the applications end after an hour.
const LONGEST: u64 = 3_000;
/// Each is a connection, and programs often may have no more than 1024 open files.
const MOST_CLIENTS: u64 = 750;

/// The arguments.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) seconds: u64,
    pub(super) clients: u64,
    pub(super) build: bool,
    /// Whether to go through proxies instead.
    pub(super) proxies: bool,
    pub(super) apps: Vec<&'static str>,
}

impl Options {
    pub(super) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            seconds: 5,
            clients: 500,
            build: true,
            proxies: false,
            apps: Vec::new(),
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--seconds" => options.seconds = count(argument, arguments.next(), LONGEST)?,
                "--clients" => options.clients = count(argument, arguments.next(), MOST_CLIENTS)?,
                "--proxies" => options.proxies = true,
                "--no-build" => options.build = false,
                name => match APPS.iter().find(|app| **app == name) {
                    Some(app) => options.apps.push(app),
                    None => bail!(
                        "there is no application `{name}`; there are {}",
                        APPS.join(", ")
                    ),
                },
            }
        }
        ensure!(
            !options.proxies || options.apps.is_empty(),
            "--proxies takes the first application"
        );
        if options.apps.is_empty() {
            options.apps = APPS.to_vec();
        }
        Ok(options)
    }
}

fn count(option: &str, value: Option<&String>, most: u64) -> Result<u64> {
    let wanted = || format!("{option} wants a number from 1 to {most}");
    let number = value.with_context(wanted)?.parse().with_context(wanted)?;
    ensure!((1..=most).contains(&number), wanted());
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        Options::parse(&words)
    }

    #[test]
    fn all_applications_for_five_seconds_unless_told_otherwise() {
        let options = parse(&[]).unwrap();
        assert_eq!(
            (options.seconds, options.clients, options.build),
            (5, 500, true)
        );
        assert_eq!(options.apps, APPS);
        let options = parse(&[
            "warp-app",
            "--seconds",
            "60",
            "--clients",
            "7",
            "--no-build",
        ]);
        let options = options.unwrap();
        assert_eq!(
            (options.seconds, options.clients, options.build),
            (60, 7, false)
        );
        assert_eq!(options.apps, ["warp-app"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [
            &["quickstart"][..],
            &["--seconds"],
            &["--seconds", "soon"],
            &["--seconds", "0"],
            &["--clients", "751"],
            &["--fast"],
            &["--proxies", "warp-app"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
