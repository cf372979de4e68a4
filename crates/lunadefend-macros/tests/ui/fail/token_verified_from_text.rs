use lunadefend_core::VerifiedToken;

fn from(text: String) -> VerifiedToken {
    VerifiedToken::from(text)
}

fn parse(text: &str) -> VerifiedToken {
    text.parse().unwrap()
}

fn default() -> VerifiedToken {
    VerifiedToken::default()
}

fn inside() -> VerifiedToken {
    VerifiedToken("lunasec-0a1b2c3d-1111-4222-8333-444455556666".into())
}

fn main() {}
