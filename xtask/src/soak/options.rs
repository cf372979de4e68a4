//! What `cargo xtask soak` was told.

use super::long;
use anyhow::{Context as _, Result, bail, ensure};

pub(super) const APPS: &[&str] = &["axum-app", "actix-app", "warp-app"];

/// Sessions of the applications end after an hour.
const LONGEST: u64 = 3_000;
/// Each is a connection, and programs often may have no more than 1024 open files.
const MOST_CLIENTS: u64 = 750;

/// The arguments.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) build: bool,
    pub(super) what: What,
}

/// What is done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Many users on each application, and long values.
    All(Load),
    /// Many users on each of these applications.
    Apps(Vec<&'static str>, Load),
    /// Long values, as long as the CI may take.
    Values,
    /// The life of a token behind proxies.
    Proxies { seconds: u64 },
    /// The long runs of these names, or all.
    Long(Vec<&'static str>),
}

/// How many users there are, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) clients: u64,
    pub(super) seconds: u64,
}

impl Options {
    pub(super) fn parse(arguments: &[String]) -> Result<Self> {
        let (mut seconds, mut clients, mut build) = (None, None, true);
        let (mut proxies, mut long, mut names) = (false, false, Vec::new());
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--seconds" => seconds = Some(count(argument, arguments.next(), LONGEST)?),
                "--clients" => clients = Some(count(argument, arguments.next(), MOST_CLIENTS)?),
                "--proxies" => proxies = true,
                "--long" => long = true,
                "--no-build" => build = false,
                unknown if unknown.starts_with('-') => bail!("there is no option `{unknown}`"),
                name => names.push(name),
            }
        }
        ensure!(
            !long || (seconds, clients) == (None, None),
            "--long says itself how many users there are, and for how long"
        );
        let load = Load {
            clients: clients.unwrap_or(500),
            seconds: seconds.unwrap_or(5),
        };
        let what = match (proxies, long) {
            (true, true) => bail!("--proxies is part of --long"),
            (true, false) => {
                ensure!(names.is_empty(), "--proxies takes the first application");
                let seconds = load.seconds;
                ensure!(
                    clients.is_none(),
                    "--proxies says itself how many users there are"
                );
                What::Proxies { seconds }
            }
            (false, true) => What::Long(names.into_iter().map(long::named).collect::<Result<_>>()?),
            (false, false) if names.is_empty() => What::All(load),
            (false, false) if names == ["values"] => What::Values,
            (false, false) => What::Apps(names.into_iter().map(app).collect::<Result<_>>()?, load),
        };
        Ok(Self { build, what })
    }
}

fn app(name: &str) -> Result<&'static str> {
    let known = APPS.iter().find(|app| **app == name);
    known.copied().with_context(|| {
        format!(
            "there is no application `{name}`; there are {}",
            APPS.join(", ")
        )
    })
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
    fn all_applications_and_values_for_five_seconds_unless_told_otherwise() {
        let options = parse(&[]).unwrap();
        let load = |clients, seconds| Load { clients, seconds };
        assert!(options.build);
        assert_eq!(options.what, What::All(load(500, 5)));
        let words = "warp-app --seconds 60 --clients 7 --no-build";
        let options = parse(&words.split(' ').collect::<Vec<_>>()).unwrap();
        assert!(!options.build);
        assert_eq!(options.what, What::Apps(vec!["warp-app"], load(7, 60)));
        assert_eq!(parse(&["values"]).unwrap().what, What::Values);
    }

    #[test]
    fn proxies_and_long_runs() {
        let what = |words: &[&str]| parse(words).unwrap().what;
        assert_eq!(what(&["--proxies"]), What::Proxies { seconds: 5 });
        assert_eq!(what(&["--long"]), What::Long(vec![]));
        assert_eq!(what(&["--long", "apps"]), What::Long(vec!["apps"]));
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
            &["--proxies", "--clients", "7"],
            &["--proxies", "--long"],
            &["--long", "warp-app"],
            &["--long", "--seconds", "7"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }
}
