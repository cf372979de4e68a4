//! The usual text, walked without serde: members and values without anything that needs a closer look.

use super::FEW_MEMBERS;

/// Every number of so many digits is a `u64`.
const DIGITS: usize = 18;

/// Returns whether a text is one object with distinct members and at most this depth, without escapes and with small
/// whole numbers alone. `false` says nothing: the text may need no more than a closer look.
///
/// # Security
/// It must refuse whatever the walk by serde refuses: reading skips unknown members without a look.
pub(super) fn is_plain_object(text: &str, depth: u8) -> bool {
    let mut walk = Walk {
        rest: text.as_bytes(),
        names: Vec::new(),
    };
    walk.skip_blanks();
    walk.rest.first() == Some(&b'{') && walk.value(depth).is_some() && {
        walk.skip_blanks();
        walk.rest.is_empty()
    }
}

struct Walk<'t> {
    rest: &'t [u8],
    /// The names of the members so far, of all objects that are open.
    names: Vec<&'t [u8]>,
}

impl<'t> Walk<'t> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, expected: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    /// Takes the next byte behind blanks.
    fn sign(&mut self) -> Option<u8> {
        self.skip_blanks();
        let (sign, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*sign)
    }

    /// Walks a value that begins here.
    fn value(&mut self, depth: u8) -> Option<()> {
        match self.rest.first()? {
            b'"' => self.text().map(drop),
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.array(depth.checked_sub(1)?),
            b't' => self.take(b"true"),
            b'f' => self.take(b"false"),
            b'n' => self.take(b"null"),
            _ => self.number(),
        }
    }

    fn text(&mut self) -> Option<&'t [u8]> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
        let length = inside.iter().position(is_special)?;
        let (text, rest) = inside.split_at(length);
        self.rest = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    fn number(&mut self) -> Option<()> {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit());
        let digits = digits.count();
        let is_usual = match (digits, self.rest.first()?) {
            (1, _) => true,
            (2..=DIGITS, first) => *first != b'0',
            _ => false,
        };
        self.rest = &self.rest[digits..];
        // Of a fraction or an exponent the rest is no sign that may follow.
        is_usual.then_some(())
    }

    fn array(&mut self, depth: u8) -> Option<()> {
        self.take(b"[")?;
        self.skip_blanks();
        if self.take(b"]").is_some() {
            return Some(());
        }
        loop {
            self.skip_blanks();
            self.value(depth)?;
            match self.sign()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn object(&mut self, depth: u8) -> Option<()> {
        self.take(b"{")?;
        self.skip_blanks();
        if self.take(b"}").is_some() {
            return Some(());
        }
        let first = self.names.len();
        loop {
            self.skip_blanks();
            let name = self.text()?;
            let others = &self.names[first..];
            if others.len() == FEW_MEMBERS || others.contains(&name) {
                return None;
            }
            self.names.push(name);
            (self.sign()? == b':').then_some(())?;
            self.skip_blanks();
            self.value(depth)?;
            match self.sign()? {
                b',' => {}
                b'}' => break,
                _ => return None,
            }
        }
        self.names.truncate(first);
        Some(())
    }
}
