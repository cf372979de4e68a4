//! When a value is valid for its kind: the rules of the elements (`web/frame/kinds.js`), for masks.

/// Drops the blanks and dashes that people write between groups.
fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect()
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// ISO/IEC 7812: 12 to 19 digits, the last one Luhn's.
pub(super) fn card_number(text: &str) -> Option<String> {
    let digits = compact(text);
    let is_number = (12..=19).contains(&digits.len()) && are_digits(&digits);
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([1, 2].into_iter().cycle())
        .map(|(digit, weight)| {
            let weighted = u32::from(digit.wrapping_sub(b'0')) * weight;
            weighted / 10 + weighted % 10
        })
        .sum();
    // Zeros alone are Luhn's, too.
    (is_number && sum > 0 && sum.is_multiple_of(10)).then_some(digits)
}

/// The name of the brand by the first digits; empty when it is none of these.
pub(super) fn brand(digits: &str) -> &'static str {
    let first = |count: usize| {
        let prefix = digits.get(..count);
        prefix
            .and_then(|prefix| prefix.parse::<u32>().ok())
            .unwrap_or(0)
    };
    match (first(2), first(3), first(4)) {
        (40..=49, ..) => "Visa",
        (51..=55, ..) | (.., 2221..=2720) => "Mastercard",
        (34 | 37, ..) => "American Express",
        (65, ..) | (_, 644..=649, _) | (.., 6011) => "Discover",
        (.., 3528..=3589) => "JCB",
        (36 | 38 | 39, ..) | (_, 300..=305, _) => "Diners Club",
        _ => "",
    }
}

/// ISO 13616: the number, written with country and check digits at its end, is 1 modulo 97.
pub(super) fn iban(text: &str) -> Option<String> {
    let iban = compact(text).to_ascii_uppercase();
    let has_form = (15..=34).contains(&iban.len())
        && iban.bytes().enumerate().all(|(at, byte)| match at {
            0 | 1 => byte.is_ascii_uppercase(),
            2 | 3 => byte.is_ascii_digit(),
            _ => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        });
    if !has_form {
        return None;
    }
    let (front, account) = iban.split_at_checked(4)?;
    let rest = account.chars().chain(front.chars()).try_fold(0, |rest, c| {
        let value = c.to_digit(36)?;
        Some((rest * if value > 9 { 100 } else { 10 } + value) % 97)
    });
    (rest == Some(1)).then_some(iban)
}

/// Returns the digits of a phone number: 5 to 15 of them (ITU-T E.164).
pub(super) fn tel(text: &str) -> Option<String> {
    let number = text.strip_prefix('+').unwrap_or(text);
    let is_written = number
        .chars()
        .all(|c| c.is_ascii_digit() || c == ' ' || "()./-".contains(c));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    (is_written && (5..=15).contains(&digits.len())).then_some(digits)
}

/// Returns name and domain of an address in ASCII: other letters could show it in another order.
pub(super) fn email(text: &str) -> Option<(&str, &str)> {
    let (name, domain) = text.split_once('@')?;
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'@')
    };
    let labels: Vec<_> = domain.split('.').collect();
    let is_domain = labels.len() >= 2 && labels.iter().all(|label| is_part(label));
    (name.len() <= 64 && domain.len() <= 200 && is_part(name) && is_domain)
        .then_some((name, domain))
}

/// Area, group and serial number, none of those that are never given out.
pub(super) fn ssn(text: &str) -> Option<String> {
    let digits = compact(text);
    if digits.len() != 9 || !are_digits(&digits) {
        return None;
    }
    let (area, rest) = digits.split_at_checked(3)?;
    let (group, serial) = rest.split_at_checked(2)?;
    let is_given = !matches!(area, "000" | "666") && !area.starts_with('9');
    (is_given && group != "00" && serial != "0000").then_some(digits)
}

/// The year of `YYYY-MM-DD`.
pub(super) fn year_of_date(text: &str) -> Option<&str> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let is_date = year.len() == 4 && month.len() == 2 && day.len() == 2 && parts.next().is_none();
    (is_date && [year, month, day].into_iter().all(are_digits)).then_some(year)
}

/// The year of `MM/YY`.
pub(super) fn year_of_expiry(text: &str) -> Option<&str> {
    let (month, year) = text.split_once('/')?;
    let is_expiry = month.len() == 2 && year.len() == 2 && are_digits(month) && are_digits(year);
    is_expiry.then_some(year)
}

/// The last two of at least eight characters, which must be printable ASCII.
pub(super) fn end_of_text(text: &str) -> Option<&str> {
    let start = text.len().checked_sub(2)?;
    let end = text.get(start..)?;
    let is_plain = end.bytes().all(|byte| byte.is_ascii_graphic());
    (text.chars().count() >= 8 && is_plain).then_some(end)
}
