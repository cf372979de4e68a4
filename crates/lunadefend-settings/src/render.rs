//! The table as documentation.

use crate::{
    Kind, Setting, Side,
    table::{SECRET, SETTINGS},
};
use std::{fmt::Write, time::Duration};

/// Returns the settings of a side as a table in Markdown.
#[must_use]
pub fn markdown(side: Side) -> String {
    let mut table = String::from(
        "| environment | TOML | value | default | what it is |\n|---|---|---|---|---|\n",
    );
    for setting in of(side) {
        let toml = match setting.kind {
            Kind::Secret(_) => code(&format!("[{}]", setting.toml)),
            _ => code(setting.toml),
        };
        let _ = writeln!(
            table,
            "| {} | {toml} | {} | {} | {} |",
            code(setting.env),
            values(setting.kind),
            code(setting.default),
            setting.doc
        );
    }
    table
}

/// Returns the settings that every secret has, as a table in Markdown.
#[must_use]
pub fn secrets_markdown() -> String {
    let mut table = String::from(
        "| in the file | in the environment | of the provider | what it is |\n|---|---|---|---|\n",
    );
    for setting in SECRET {
        let names = std::iter::once(&setting.name).chain(setting.aliases);
        let names: Vec<_> = names.map(|name| code(name)).collect();
        let _ = writeln!(
            table,
            "| {} | `.._{}` | {} | {} |",
            names.join(", "),
            setting.name.to_ascii_uppercase(),
            code(setting.providers),
            setting.doc
        );
    }
    table
}

/// Returns the settings of a side for `--help`: 100 columns at most.
#[must_use]
pub fn help(side: Side) -> String {
    const COLUMN: usize = 27;
    const WIDTH: usize = 98;
    let mut help = String::new();
    for setting in of(side) {
        let default = match setting.default {
            "" => String::new(),
            default => format!(" [default: {default}]"),
        };
        let choice = match setting.kind {
            Kind::Choice(words) => format!("{}: ", words.join(" or ")),
            _ => String::new(),
        };
        let text = format!("{choice}{}{default}", setting.doc.replace('`', ""));
        let mut line = format!("  {:<width$}", setting.env, width = COLUMN - 3);
        if line.len() >= COLUMN {
            help.push_str(&line);
            help.push('\n');
            line = " ".repeat(COLUMN - 1);
        }
        for word in text.split(' ') {
            if line.len() + 1 + word.len() > WIDTH {
                help.push_str(line.trim_end());
                help.push('\n');
                line = " ".repeat(COLUMN - 1);
            }
            line.push(' ');
            line.push_str(word);
        }
        help.push_str(&line);
        help.push('\n');
    }
    help
}

fn of(side: Side) -> impl Iterator<Item = &'static Setting> {
    let settings = SETTINGS.iter().copied();
    settings.filter(move |setting| setting.is_of(side))
}

fn code(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("`{text}`")
    }
}

fn values(kind: Kind) -> String {
    let range = |least: String, most: Option<String>| match most {
        Some(most) => format!("{least} to {most}"),
        None => format!("{least} or more"),
    };
    match kind {
        Kind::Text | Kind::Hidden => "text".into(),
        Kind::Url => "URL".into(),
        Kind::Choice(words) => {
            let words: Vec<_> = words.iter().map(|word| code(word)).collect();
            words.join(", ")
        }
        Kind::Bool => "`true`, `false`".into(),
        Kind::Integer(least, most) => range(
            least.to_string(),
            (most < u64::from(u32::MAX)).then(|| most.to_string()),
        ),
        Kind::Bytes(least, most) => range(
            format!("{least} bytes"),
            (most < u64::MAX).then(|| format!("`{}GiB`", most >> 30)),
        ),
        Kind::Duration(least, most) => range(
            code(&crate::text::in_words(least)),
            (most < Duration::from_secs(1_000_000_000)).then(|| code(&crate::text::in_words(most))),
        ),
        Kind::List => "list".into(),
        Kind::Secret(_) => "secret".into(),
    }
}
