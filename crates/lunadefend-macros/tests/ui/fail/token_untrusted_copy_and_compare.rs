use lunadefend_core::UntrustedToken;

fn keep(token: &UntrustedToken) -> UntrustedToken {
    token.clone()
}

fn compare(one: UntrustedToken, other: UntrustedToken) -> bool {
    one == other
}

fn key(tokens: Vec<UntrustedToken>) -> std::collections::HashSet<UntrustedToken> {
    tokens.into_iter().collect()
}

fn main() {}
