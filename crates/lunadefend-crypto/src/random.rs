//! The operating system's randomness.

use crate::CryptoError;
use ring::rand::{SecureRandom, SystemRandom};

/// Returns `N` bytes from the operating system's generator.
///
/// # Errors
/// [`CryptoError::Random`]; this function falls back to no weaker source.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| CryptoError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_twice() {
        assert_ne!(random_bytes::<32>().unwrap(), random_bytes::<32>().unwrap());
    }
}
