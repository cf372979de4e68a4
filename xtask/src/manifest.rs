//! Reading what the checks need of a `Cargo.toml`, without a TOML parser to compile first.
//!
//! Understands how manifests are written here: sections, one `key = value` per line, arrays over
//! several lines, comments on lines of their own or after a value.

/// The entries of a manifest in their order.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    entries: Vec<Entry>,
}

/// One `key = value` with the name of its section and its line, counted from one.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) section: String,
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) line: usize,
}

impl Manifest {
    pub(crate) fn parse(text: &str) -> Self {
        let mut section = String::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut open_array = false;
        for (index, line) in text.lines().enumerate() {
            let line = without_comment(line).trim();
            if line.is_empty() {
                continue;
            }
            if open_array {
                if let Some(entry) = entries.last_mut() {
                    entry.value.push_str(line);
                    open_array = is_open(&entry.value);
                }
            } else if let Some(name) = line.strip_prefix('[') {
                name.trim_matches(['[', ']']).clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=') {
                open_array = is_open(value);
                entries.push(Entry {
                    section: section.clone(),
                    key: key.trim().to_owned(),
                    value: value.trim().to_owned(),
                    line: index + 1,
                });
            }
        }
        Self { entries }
    }

    /// The value of `key` as it is written, a string without its quotes.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&str> {
        self.section(section)
            .find(|entry| entry.key == key)
            .map(|entry| entry.value.trim_matches('"'))
    }

    pub(crate) fn section(&self, section: &str) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.section == section)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// The strings of an array of strings.
pub(crate) fn strings(array: &str) -> Vec<&str> {
    array.split('"').skip(1).step_by(2).collect()
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn is_open(value: &str) -> bool {
    let value: String = value.split('"').step_by(2).collect();
    value.matches('[').count() > value.matches(']').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r##"
# A comment.
[package]
name = "a-crate" # "the" name
version.workspace = true

[features]
default = ["one"]
# Explained.
one = [
    "dep:thing", # why
    "other/feature",
]
two = []

[dependencies]
thing = { workspace = true, features = ["a#b"] }

[[bin]]
name = "tool"
"##;

    #[test]
    fn reads_sections_keys_and_values() {
        let manifest = Manifest::parse(TEXT);
        assert_eq!(manifest.get("package", "name"), Some("a-crate"));
        assert_eq!(manifest.get("package", "version.workspace"), Some("true"));
        assert_eq!(manifest.get("bin", "name"), Some("tool"));
        assert_eq!(manifest.get("package", "publish"), None);
        assert_eq!(
            manifest.get("dependencies", "thing"),
            Some(r#"{ workspace = true, features = ["a#b"] }"#)
        );
    }

    #[test]
    fn reads_arrays_over_several_lines() {
        let manifest = Manifest::parse(TEXT);
        let features: Vec<_> = manifest
            .section("features")
            .map(|entry| (entry.key.as_str(), strings(&entry.value)))
            .collect();
        assert_eq!(
            features,
            [
                ("default", vec!["one"]),
                ("one", vec!["dep:thing", "other/feature"]),
                ("two", vec![]),
            ]
        );
    }

    #[test]
    fn knows_the_line_of_an_entry() {
        let manifest = Manifest::parse(TEXT);
        assert_eq!(manifest.section("dependencies").next().unwrap().line, 17);
    }
}
