//! JSON as text: what fits into a line stands in one, which keeps the document short enough to be reviewed.

use serde_json::Value;

const WIDTH: usize = 120;

/// Writes a document, with a line end.
pub(super) fn of(document: &Value) -> String {
    let mut text = String::new();
    write(document, 0, &mut text);
    text.push('\n');
    text
}

fn write(value: &Value, indent: usize, text: &mut String) {
    let line = value.to_string();
    let used = text.len() - text.rfind('\n').map_or(0, |at| at + 1);
    if used + line.len() < WIDTH {
        text.push_str(&line);
        return;
    }
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (Some(name), value));
            list(['{', '}'], members, indent, text);
        }
        Value::Array(items) => {
            let items = items.iter().map(|value| (None, value));
            list(['[', ']'], items, indent, text);
        }
        _ => text.push_str(&line),
    }
}

fn list<'v>(
    brackets: [char; 2],
    items: impl Iterator<Item = (Option<&'v String>, &'v Value)>,
    indent: usize,
    text: &mut String,
) {
    let new_line = |indent: usize| format!("\n{}", "  ".repeat(indent));
    text.push(brackets[0]);
    for (number, (name, value)) in items.enumerate() {
        if number > 0 {
            text.push(',');
        }
        text.push_str(&new_line(indent + 1));
        if let Some(name) = name {
            text.push_str(&format!("{}: ", Value::from(name.as_str())));
        }
        write(value, indent + 1, text);
    }
    text.push_str(&new_line(indent));
    text.push(brackets[1]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back_in_lines_that_are_not_long() {
        let long = "a ".repeat(50);
        let document = json!({
            "short": [1, { "b": null }],
            "long": { "one": long, "two": [long, long], "\"": {} },
            "none": [],
        });
        let text = of(&document);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
        assert!(text.ends_with("}\n") && text.lines().count() > 8, "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH), "{text}");
        assert_eq!(of(&json!({ "a": [1, 2] })), "{\"a\":[1,2]}\n");
    }
}
