//! The files of `tests/fixtures`, and the ways in which people hand such files on.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

pub(crate) fn bytes(file: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn text(file: &str) -> String {
    String::from_utf8(bytes(file)).unwrap()
}

pub(crate) fn base64(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// What is between the first and the last line of a PEM file.
pub(crate) fn der(file: &str) -> Vec<u8> {
    let text = text(file);
    let body: String = text.lines().filter(|line| !line.contains('-')).collect();
    STANDARD.decode(body).unwrap()
}

/// The content of a PEM file in every encoding, with a name for each.
pub(crate) fn encodings(file: &str) -> Vec<(String, Vec<u8>)> {
    let pem = text(file);
    let der = der(file);
    let armour = pem.lines().next().unwrap();
    let mut inputs = vec![
        ("as it is".to_owned(), pem.clone()),
        (
            "without the last line end".into(),
            pem.trim_end().to_owned(),
        ),
        ("CRLF".into(), pem.replace('\n', "\r\n")),
        ("escaped line ends".into(), pem.replace('\n', r"\n")),
        ("escaped CRLF".into(), pem.replace('\n', r"\r\n")),
        ("escaped twice".into(), pem.replace('\n', r"\\n")),
        ("continued lines".into(), pem.replace('\n', "\\\n")),
        ("blanks for line ends".into(), pem.replace('\n', " ")),
        ("indented".into(), pem.replace('\n', "\n    ")),
        ("a byte order mark".into(), format!("\u{feff}{pem}")),
        (
            "text before".into(),
            format!("Bag Attributes: é\n  0 x\n{pem}"),
        ),
        ("text after".into(), format!("{pem}\nthe end")),
        (
            "double quotes".into(),
            format!("\"{}\"", pem.replace('\n', r"\n")),
        ),
        ("single quotes and blanks".into(), format!("  '{pem}' \n")),
    ];
    for (kind, data) in [("PEM", pem.as_bytes()), ("DER", &der)] {
        for (alphabet, encoded) in [
            ("standard", STANDARD.encode(data)),
            ("url-safe", URL_SAFE.encode(data)),
        ] {
            let name = |how: &str| format!("base64 of {kind}, {alphabet}, {how}");
            let wrapped = |width: usize, end: &str| {
                encoded
                    .as_bytes()
                    .chunks(width)
                    .map(|line| format!("{}{end}", std::str::from_utf8(line).unwrap()))
                    .collect::<String>()
            };
            inputs.extend([
                (name("padded"), encoded.clone()),
                (name("unpadded"), encoded.trim_end_matches('=').to_owned()),
                (name("wrapped at 76"), wrapped(76, "\n")),
                (name("wrapped at 64, CRLF"), wrapped(64, "\r\n")),
                (name("wrapped, escaped"), wrapped(76, r"\n")),
                (name("blanks around"), format!(" \t{encoded}\n\n")),
                (name("double quotes"), format!("\"{encoded}\"")),
                (name("single quotes"), format!("'{encoded}'\n")),
                (
                    name("quotes and wrapped"),
                    format!("\"{}\"", wrapped(76, "\n")),
                ),
            ]);
        }
    }
    // PEM with text around it may be in base64 too.
    inputs.push((
        "base64 of text and PEM".into(),
        STANDARD.encode(format!("# my key\n{pem}# end\n")),
    ));
    let mut inputs: Vec<_> = inputs
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    inputs.push(("DER".into(), der));
    assert!(armour.starts_with("-----BEGIN "));
    inputs
}
