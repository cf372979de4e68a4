//! PEM as people paste it: one line or many, with text around it (RFC 7468 and RFC 1421, read
//! leniently, written strictly).

use super::{found::base64_lenient, problem::Problem};
use base64::{Engine, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const DASHES: &[u8] = b"-----";

/// Returns whether the text has a PEM block, or the remains of one.
pub(super) fn is_pem(text: &[u8]) -> bool {
    find(text, BEGIN).is_some() || find(text, b"-----END ").is_some() || text.starts_with(DASHES)
}

/// A block with matching first and last lines.
struct Block<'a> {
    label: &'a [u8],
    body: &'a [u8],
}

/// The content of a block, by its label.
pub(super) enum Content {
    Key(Zeroizing<Vec<u8>>),
    Certificate(Zeroizing<Vec<u8>>),
}

/// Returns the private key among the blocks, else the public key, else any block.
pub(super) fn decode(text: &[u8]) -> Result<Content, Problem> {
    let (blocks, is_truncated) = blocks(text);
    match blocks.iter().min_by_key(|block| rank(block.label)) {
        Some(best) if !is_truncated || rank(best.label) == 0 => open(best),
        _ => Err(Problem::Truncated),
    }
}

fn rank(label: &[u8]) -> usize {
    if label.ends_with(b"PRIVATE KEY") {
        0
    } else if label.ends_with(b"PUBLIC KEY") {
        1
    } else {
        2
    }
}

/// Returns all complete blocks, and whether an incomplete one follows.
fn blocks(text: &[u8]) -> (Vec<Block<'_>>, bool) {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = split(rest, BEGIN) {
        let Some((label, after)) = split(after, DASHES) else {
            return (blocks, true);
        };
        let end = [b"-----END ".as_slice(), label, DASHES].concat();
        let Some((body, after)) = split(after, &end) else {
            return (blocks, true);
        };
        blocks.push(Block { label, body });
        rest = after;
    }
    (blocks, false)
}

fn open(&Block { label, body }: &Block<'_>) -> Result<Content, Problem> {
    match label {
        b"OPENSSH PRIVATE KEY" | b"RSA PRIVATE KEY" | b"PRIVATE KEY" => {}
        b"RSA PUBLIC KEY" | b"PUBLIC KEY" => {}
        b"ENCRYPTED PRIVATE KEY" => return Err(Problem::Encrypted),
        b"EC PRIVATE KEY" | b"EC PARAMETERS" => return Err(Problem::NotRsa("an EC key")),
        b"DSA PRIVATE KEY" => return Err(Problem::NotRsa("a DSA key")),
        b"PGP PRIVATE KEY BLOCK" | b"PGP PUBLIC KEY BLOCK" => {
            return Err(Problem::Unsupported("a PGP key"));
        }
        _ if find(label, b"CERTIFICATE").is_some() => {
            let content = base64_lenient(body).map_err(|_| Problem::Certificate)?;
            return Ok(Content::Certificate(content));
        }
        _ => return Err(Problem::Unrecognised),
    }
    // RFC 1421 headers; only `Proc-Type: 4,ENCRYPTED` matters.
    if body.contains(&b':') {
        return Err(if find(body, b"ENCRYPTED").is_some() {
            Problem::Encrypted
        } else {
            Problem::Unrecognised
        });
    }
    let content = base64_lenient(body)?;
    if content.is_empty() {
        return Err(Problem::Truncated);
    }
    Ok(Content::Key(content))
}

/// Writes a block with lines of 64 characters.
pub(super) fn encode(label: &str, content: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(content));
    // Allocated at its final size: a string that grows leaves copies of the key behind.
    let capacity = base64.len() + base64.len() / 64 + 2 * label.len() + 40;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = base64.as_str();
    while let Some((line, after)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn split<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = find(text, separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}
