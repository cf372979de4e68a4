//! `lunadefend config check`: checks a configuration before a program uses it.

use crate::settings::{self, Serving};
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use lunadefend::{LunaDefend, secrets::secret_providers};
use lunadefend_core::provider::SettingError;
use lunadefend_settings::{InForce, Kind, Setting, Settings, Side, table};
use std::path::PathBuf;

/// Check a configuration.
#[derive(Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(Check),
}

/// Print each setting in force: its name, its value and its source.
///
/// For a secret it prints only the place. It makes the same checks as the application or the tokenizer at its
/// start, including secrets, and connects only to their providers. The exit code is 0 unless something is
/// wrong.
#[derive(Args)]
struct Check {
    /// A TOML file with settings; the environment wins.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The program that has these settings.
    #[arg(long = "for", value_name = "SIDE", default_value = "tokenizer")]
    side: Whose,
}

#[derive(Clone, Copy, ValueEnum)]
enum Whose {
    Application,
    Tokenizer,
}

impl Config {
    /// Runs the check; returns whether everything is right.
    pub(crate) async fn run(self) -> Result<bool> {
        let Command::Check(check) = self.command;
        check.run().await
    }
}

impl Check {
    async fn run(self) -> Result<bool> {
        let side = match self.side {
            Whose::Application => Side::Application,
            Whose::Tokenizer => Side::Tokenizer,
        };
        let settings = settings::of_process(side, self.config.as_deref())?;
        let mut errors: Vec<String> = Vec::new();
        let mut lines = Vec::new();
        for setting in table::SETTINGS.iter().filter(|setting| setting.is_of(side)) {
            match in_force(&settings, setting) {
                Ok(line) => lines.push(line),
                Err(error) => errors.push(error.to_string()),
            }
        }
        print(&lines);
        if errors.is_empty() {
            // Each is right by itself: now as a whole, by the code that a start goes by.
            let whole = match side {
                Side::Tokenizer => self.tokenizer(&settings).await,
                Side::Application | Side::Both => self.application().await,
            };
            errors.extend(whole.err().map(|error| format!("{error:#}")));
        }
        for error in &errors {
            eprintln!("error: {error}");
        }
        Ok(errors.is_empty())
    }

    async fn tokenizer(&self, settings: &Settings) -> Result<()> {
        let addr = settings::addr(settings)?;
        Serving::read(settings, addr).await?;
        Ok(())
    }

    async fn application(&self) -> Result<()> {
        let mut configuration = LunaDefend::configuration();
        if let Some(path) = &self.config {
            configuration = configuration.toml_file(path);
        }
        configuration.build().await?;
        Ok(())
    }
}

/// Returns the setting in force; for a secret, the place where its provider looks for it.
fn in_force(settings: &Settings, setting: &'static Setting) -> Result<InForce, SettingError> {
    let Kind::Secret(_) = setting.kind else {
        return settings.in_force(setting);
    };
    let origin = match settings.secret(setting) {
        Some(secret) => secret_providers().make(secret)?.origin(),
        None => "not set".to_owned(),
    };
    Ok(InForce {
        name: settings.name_of(setting),
        value: None,
        origin,
    })
}

fn print(lines: &[InForce]) {
    let value = |line: &InForce| line.value.clone().unwrap_or_else(|| "-".into());
    let width = |width: fn(&InForce) -> usize| lines.iter().map(width).max().unwrap_or(0);
    let names = width(|line| line.name.len());
    let values = width(|line| line.value.as_ref().map_or(1, String::len)).min(48);
    for line in lines {
        println!(
            "{:names$}  {:values$}  {}",
            line.name,
            value(line),
            line.origin
        );
    }
}
