use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Fields {
    #[token = "15m"]
    value: VerifiedToken,
    #[token(duration = "15m")]
    other_name: VerifiedToken,
    #[token]
    #[token]
    twice: VerifiedToken,
    #[token(ttl = 15)]
    number: VerifiedToken,
    #[token(ttl = "1m", ttl = "2m")]
    two_times: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
#[token]
struct OnTheType {
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
enum OnTheVariant {
    #[token]
    Ssn(VerifiedToken),
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", request, response)]
struct Both {
    #[token]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", skip)]
struct Unknown {
    #[token]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core", request, granted = "Out")]
struct NeverGranted {
    #[token]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Borrowed<'a> {
    name: &'a str,
    #[token]
    ssn: VerifiedToken,
}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
enum Never {}

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
union Either {
    number: u8,
    other: u8,
}

fn main() {}
