use lunadefend_core::UntrustedToken;

fn default() -> UntrustedToken {
    UntrustedToken::default()
}

fn from_text(text: String) -> UntrustedToken {
    UntrustedToken::from(text)
}

fn print(token: &UntrustedToken) -> String {
    token.to_string()
}

fn read(token: &UntrustedToken) -> &str {
    token.expose_id()
}

fn inside(token: UntrustedToken) {
    let UntrustedToken(_id) = token;
}

fn main() {}
