//! Derived `Debug` on types that hold what must never be printed.

use super::{Problem, sources::production_lines};

/// Words in the name of a field or type that announce a secret.
const SECRET_WORDS: &[&str] = &[
    "cookie",
    "jwt",
    "key",
    "passphrase",
    "password",
    "pem",
    "secret",
    "token",
];

/// Types that print what they hold.
const TELLING_TYPES: &[&str] = &["String", "str", "u8", "[u8]", "Bytes"];

pub(super) fn check(path: &str, content: &str) -> Vec<Problem> {
    let lines: Vec<(usize, &str)> = production_lines(content).collect();
    let mut problems = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        if !line.trim_start().starts_with("#[derive(") {
            continue;
        }
        let rest: Vec<&str> = lines[at..].iter().map(|(_, line)| *line).collect();
        let Some((derives, item)) = split_derive(&rest) else {
            continue;
        };
        if !derives
            .split([',', ' ', '(', ')'])
            .any(|name| name == "Debug")
        {
            continue;
        }
        problems.extend(telling_fields(&item).into_iter().map(|field| {
            let message = format!(
                "derives Debug and holds `{field}`: use a type of `secrecy`, or write Debug by hand"
            );
            Problem::new(path, *number, message)
        }));
    }
    problems
}

/// The text of the derive attribute, and that of the item below it up to its end.
fn split_derive(lines: &[&str]) -> Option<(String, String)> {
    let end = lines
        .iter()
        .position(|line| line.trim_end().ends_with(")]"))?;
    let derives = lines[..=end].join(" ");
    let mut item = String::new();
    for line in &lines[end + 1..] {
        let line = line.split("//").next().unwrap_or_default().trim();
        if line.starts_with("#[") && line.ends_with(']') {
            continue;
        }
        item.push_str(line);
        item.push(' ');
        let closed = item.matches('{').count() == item.matches('}').count();
        if closed && (line.ends_with('}') || line.ends_with(';')) {
            return Some((derives, item));
        }
    }
    None
}

/// The fields with a telling name and type, and the struct itself where it is such a newtype.
fn telling_fields(item: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((head, inside)) = item.split_once('(').filter(|(head, _)| !head.contains('{')) {
        // A tuple struct tells by its own name. Keys of tables and maps are no secrets.
        let name = head.split_whitespace().last().unwrap_or_default();
        let name = name.split('<').next().unwrap_or_default();
        let inner = inside.rsplit_once(')').map_or(inside, |(inner, _)| inner);
        let inner = inner
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub ");
        let words = words_of(name);
        if words
            .iter()
            .any(|word| word != "key" && is_secret_word(word))
            && tells(inner)
        {
            found.push(name.to_owned());
        }
        return found;
    }
    for piece in item.split([',', '{', '}', '(']) {
        // The first single colon parts name and type; `pub(crate)` leaves its end in the name.
        let Some((name, kind)) = piece.split_once(':') else {
            continue;
        };
        let name = name.split_whitespace().last().unwrap_or_default();
        if words_of(name).iter().any(|word| is_secret_word(word)) && tells(kind) {
            found.push(name.to_owned());
        }
    }
    found
}

fn is_secret_word(word: &str) -> bool {
    SECRET_WORDS.contains(&word)
}

/// `session_key` and `SessionKey` are "session" and "key".
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in name.chars() {
        if character == '_' || character.is_uppercase() {
            words.push(String::new());
        }
        if character != '_' {
            words
                .last_mut()
                .into_iter()
                .for_each(|word| word.extend(character.to_lowercase()));
        }
    }
    words
}

/// Whether a type, out of its references and containers, prints its content.
fn tells(kind: &str) -> bool {
    let mut kind = kind.trim();
    loop {
        kind = kind.trim().trim_start_matches('&').trim_start();
        if kind.starts_with('\'') {
            kind = kind.split_once([' ', ',']).map_or("", |(_, rest)| rest);
            continue;
        }
        let container = ["Option<", "Vec<", "Box<", "Arc<", "Rc<"]
            .iter()
            .find_map(|container| kind.strip_prefix(container));
        match container {
            Some(inner) => kind = inner.trim_end().trim_end_matches('>'),
            None => break,
        }
    }
    TELLING_TYPES.contains(&kind) || kind.starts_with("[u8;") || kind.starts_with("Cow<")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<String> {
        check("crates/a/src/lib.rs", code)
            .into_iter()
            .map(|problem| problem.message)
            .collect()
    }

    #[test]
    fn finds_secrets_that_would_be_printed() {
        for code in [
            "#[derive(Debug)]\nstruct A {\n    signing_key: String,\n}\n",
            "#[derive(Clone, Debug)]\npub struct A {\n    /// It.\n    pub(crate) secret: Vec<u8>,\n}\n",
            "#[derive(\n    Clone,\n    Debug,\n)]\nstruct A {\n    jwt: Option<String>,\n}\n",
            "#[derive(Debug)]\n#[serde(deny_unknown_fields)]\nstruct A<'a> {\n    token: &'a str,\n}\n",
            "#[derive(Debug)]\nstruct A<'a> {\n    token: Cow<'a, str>,\n}\n",
            "#[derive(Debug)]\nstruct A { data_key: [u8; 32] }\n",
            "#[derive(Debug)]\nenum A {\n    B { password: String },\n}\n",
            "#[derive(Debug)]\nstruct AccessToken(String);\n",
            "#[derive(Debug)]\npub struct SessionSecret(pub Vec<u8>);\n",
        ] {
            assert_eq!(found(code).len(), 1, "{code}: {:?}", found(code));
        }
    }

    #[test]
    fn leaves_the_rest_alone() {
        for code in [
            "#[derive(Clone)]\nstruct A {\n    signing_key: String,\n}\n",
            "#[derive(Debug)]\nstruct A {\n    signing_key: SecretString,\n    name: String,\n}\n",
            "#[derive(Debug)]\nstruct A {\n    token: VerifiedToken,\n    tokens: usize,\n}\n",
            "#[derive(Debug)]\nstruct A {\n    monkey: String,\n}\n",
            "#[derive(Debug)]\npub struct RowKey(pub [u8; 32]);\n",
            "#[derive(Debug)]\nstruct A;\n\nstruct B {\n    secret: String,\n}\n",
            "#[derive(Debug, thiserror::Error)]\nenum A {\n    #[error(\"x\")]\n    Key(String),\n}\n",
            "struct A {\n    secret: String,\n}\n#[cfg(test)]\nmod tests {\n    #[derive(Debug)]\n    struct A { secret: String }\n}\n",
        ] {
            assert!(found(code).is_empty(), "{code}: {:?}", found(code));
        }
    }

    #[test]
    fn says_which_line_and_field() {
        let code = "//! A.\n\n#[derive(Debug)]\nstruct A {\n    signing_key: String,\n}\n";
        let problems = check("crates/a/src/lib.rs", code);
        assert_eq!(problems[0].line, Some(3));
        assert!(problems[0].message.contains("`signing_key`"));
    }
}
