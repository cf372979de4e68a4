//! Masks: the part of a value by which a person recognises it.

mod valid;

use lunadefend_core::wire::ValueKind;
use std::fmt;

/// The part of a value by which a person recognises it, such as `Visa \u{2022}\u{2022}\u{2022}\u{2022} 1111`.
///
/// `Debug` prints none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mask(String);

/// The longest mask, in bytes: a first letter, dots and the domain of an e-mail address.
const MAX_LEN: usize = u8::MAX as usize;

/// Stands for what is not shown.
const DOTS: &str = "\u{2022}\u{2022}\u{2022}\u{2022}";

impl Mask {
    /// Returns the text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }

    fn new(text: String) -> Option<Self> {
        (text.len() <= MAX_LEN).then_some(Self(text))
    }

    pub(crate) fn from_stored(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask(..)")
    }
}

/// Which values get a mask.
///
/// Card numbers, bank accounts, phone numbers and e-mail addresses always do. Others do when they are named,
/// since a part of these may tell too much. Card verification codes, long texts and files never do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaskPolicy {
    /// One bit for each kind, by its number.
    named: u32,
}

impl MaskPolicy {
    /// Lets one more kind have masks: `ssn` its last four digits, `date` and `card-expiry` their year, `text` the
    /// last two of at least eight characters. `None` for a kind that always or never has one.
    #[must_use]
    pub const fn with(self, kind: ValueKind) -> Option<Self> {
        match kind {
            ValueKind::Ssn | ValueKind::Date | ValueKind::CardExpiry | ValueKind::Text => {
                Some(Self {
                    named: self.named | 1 << kind.code(),
                })
            }
            _ => None,
        }
    }

    /// Returns the mask of a whole value; `None` when it is not valid for its kind, or the kind has none.
    pub(crate) fn mask(self, kind: Option<ValueKind>, value: &[u8]) -> Option<Mask> {
        let kind = kind?;
        let text = std::str::from_utf8(value).ok()?.trim();
        let is_named = self.named & (1 << kind.code()) != 0;
        let shown = match kind {
            ValueKind::CardNumber => {
                let digits = valid::card_number(text)?;
                let last = last(&digits, 4);
                match valid::brand(&digits) {
                    "" => format!("{DOTS} {last}"),
                    brand => format!("{brand} {DOTS} {last}"),
                }
            }
            ValueKind::Iban => {
                let iban = valid::iban(text)?;
                format!("{DOTS} {}", last(&iban, 4))
            }
            ValueKind::Tel => {
                let digits = valid::tel(text)?;
                // Of fewer digits, four would be half of the number or more.
                (digits.len() >= 8).then(|| format!("{DOTS} {}", last(&digits, 4)))?
            }
            ValueKind::Email => {
                let (name, domain) = valid::email(text)?;
                let first = name.chars().next()?;
                format!("{first}{DOTS}@{domain}")
            }
            ValueKind::Ssn if is_named => format!("{DOTS} {}", last(&valid::ssn(text)?, 4)),
            ValueKind::Date if is_named => format!("{}-{DOTS}", valid::year_of_date(text)?),
            ValueKind::CardExpiry if is_named => format!("{DOTS}/{}", valid::year_of_expiry(text)?),
            ValueKind::Text if is_named => format!("{DOTS}{}", valid::end_of_text(text)?),
            _ => return None,
        };
        Mask::new(shown)
    }
}

/// The last characters of an ASCII text.
fn last(text: &str, count: usize) -> &str {
    &text[text.len().saturating_sub(count)..]
}

#[cfg(test)]
mod tests;
