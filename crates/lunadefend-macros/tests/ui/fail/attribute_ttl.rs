use lunadefend_core::VerifiedToken;
use lunadefend_macros::Tokens;

#[derive(Tokens)]
#[tokens(crate = "lunadefend_core")]
struct Durations {
    #[token(ttl = "1d")]
    days: VerifiedToken,
    #[token(ttl = "0s")]
    zero: VerifiedToken,
    #[token(ttl = "999ms")]
    short: VerifiedToken,
    #[token(ttl = "-5m")]
    negative: VerifiedToken,
    #[token(ttl = "")]
    empty: VerifiedToken,
    #[token(ttl = "9999999999h")]
    long: VerifiedToken,
    #[token(ttl = "15m")]
    right: VerifiedToken,
}

fn main() {}
