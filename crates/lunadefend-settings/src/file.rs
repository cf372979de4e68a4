//! Settings in TOML.

use crate::{
    Kind, Setting, Side,
    entry::{Entries, Entry},
    spelling::closest,
    table::{SECRET, SETTINGS},
};
use lunadefend_core::provider::{SecretValue, SettingError};
use toml::{Table, Value};

/// Reads the entries that this side knows.
pub(crate) fn parse(file: &str, text: &str, side: Side) -> Result<Entries, SettingError> {
    let table = text
        .parse::<Table>()
        .map_err(|error| not_toml(file, text, &error))?;
    let mut entries = Entries::new();
    walk("", table, side, &mut entries)?;
    Ok(entries)
}

fn walk(place: &str, table: Table, side: Side, entries: &mut Entries) -> Result<(), SettingError> {
    for (name, value) in table {
        let path = join(place, &name);
        match known(&path, side) {
            Some(setting) if matches!(setting.kind, Kind::Secret(_)) => {
                walk_secret(setting.toml, inner(path, value)?, entries)?;
            }
            Some(_) => {
                entries.insert(path, entry(value));
            }
            None if is_above_a_setting(&path, side) => {
                walk(&path.clone(), inner(path, value)?, side, entries)?;
            }
            None => return Err(unknown(path, place, &name, side)),
        }
    }
    Ok(())
}

/// Reads the table of a secret. Making the provider finds unknown entries, since it may be the application's
/// own.
fn walk_secret(place: &str, table: Table, entries: &mut Entries) -> Result<(), SettingError> {
    for (written, value) in table {
        let setting = SECRET
            .iter()
            .find(|setting| setting.aliases.contains(&&*written));
        let name = setting.map_or(&*written, |setting| setting.name);
        if entries.insert(join(place, name), entry(value)).is_some() {
            let alias = SECRET.iter().find(|setting| setting.name == name);
            let alias = alias.and_then(|setting| setting.aliases.first());
            let path = join(place, alias.unwrap_or(&name));
            let advice = format!("it is the same as `{name}`: leave out one");
            return Err(SettingError::wrong(path, advice));
        }
    }
    Ok(())
}

fn join(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    }
}

fn known(path: &str, side: Side) -> Option<&'static Setting> {
    let mut settings = SETTINGS.iter().filter(|setting| setting.is_of(side));
    settings.find(|setting| setting.toml == path).copied()
}

fn is_above_a_setting(path: &str, side: Side) -> bool {
    SETTINGS.iter().any(|setting| {
        let below = setting.toml.strip_prefix(path);
        setting.is_of(side) && below.is_some_and(|rest| rest.starts_with('.'))
    })
}

fn inner(path: String, value: Value) -> Result<Table, SettingError> {
    match value {
        Value::Table(table) => Ok(table),
        other => {
            let advice = format!("write a table, [{path}], not {}", entry(other).what());
            Err(SettingError::wrong(path, advice))
        }
    }
}

fn unknown(path: String, place: &str, name: &str, side: Side) -> SettingError {
    // The setting itself, or a table that has some.
    let table = format!("{path}.");
    let is_at = |toml: &str| toml == path || toml.starts_with(&table);
    if SETTINGS.iter().any(|setting| is_at(setting.toml)) {
        let (other, own) = match side {
            Side::Tokenizer => ("application", "tokenizer"),
            Side::Application | Side::Both => ("tokenizer", "application"),
        };
        let advice = format!("it is a setting of the {other}, and this file is the {own}'s");
        return SettingError::wrong(path, advice);
    }
    let siblings = SETTINGS
        .iter()
        .filter(|setting| setting.is_of(side) && !setting.toml.is_empty())
        .filter_map(|setting| match place {
            "" => setting.toml.split('.').next(),
            _ => {
                let rest = setting.toml.strip_prefix(place)?.strip_prefix('.')?;
                rest.split('.').next()
            }
        });
    let advice = match closest(name, siblings) {
        Some(meant) => format!(
            "there is no such setting; did you mean {}?",
            join(place, meant)
        ),
        None => "there is no such setting".to_owned(),
    };
    SettingError::wrong(path, advice)
}

fn entry(value: Value) -> Entry {
    match value {
        Value::String(text) => Entry::Text(SecretValue::new(text)),
        Value::Integer(number) => Entry::Integer(number),
        Value::Boolean(flag) => Entry::Bool(flag),
        Value::Float(_) => Entry::Other("a number with a fraction"),
        Value::Datetime(_) => Entry::Other("a date"),
        Value::Table(_) => Entry::Other("a table"),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect::<Option<_>>()
            .map_or(
                Entry::Other("a list with something else than texts"),
                Entry::List,
            ),
    }
}

/// Returns an error with the line and, if it concerns a name, the parser's text. Other texts of the parser
/// repeat values, which may be keys.
fn not_toml(file: &str, text: &str, error: &toml::de::Error) -> SettingError {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let before = &text.as_bytes()[..offset];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let advice = if error.message().starts_with("duplicate key") {
        error.message().to_owned()
    } else {
        "it is not TOML".to_owned()
    };
    SettingError::wrong(format!("line {line} of {file}"), advice)
}

#[cfg(test)]
mod tests {
    use crate::{FixedEnvironment, Settings, Side};
    use std::sync::Arc;

    #[test]
    fn a_file_of_the_other_side_is_told_as_that() {
        for (side, text, words) in [
            (
                Side::Tokenizer,
                "deadline = \"5s\"",
                "deadline is wrong: it is a setting of the application",
            ),
            (
                Side::Tokenizer,
                "[auth.secrets]\nprovider = \"file\"",
                "auth is wrong: it is a setting of the application",
            ),
            (
                Side::Application,
                "[master_key]\nprovider = \"file\"",
                "master_key is wrong: it is a setting of the tokenizer",
            ),
        ] {
            let environment = Arc::new(FixedEnvironment::default());
            let settings = Settings::from_environment(side, environment).unwrap();
            let error = settings.with_toml("x.toml", text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
