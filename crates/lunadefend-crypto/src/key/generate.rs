//! Generates keys, which ring cannot. `docs/key-generation.md` says why LunaDefend has its own code, and how
//! it is tested.

use super::{SigningKey, der, pem, private::PrivateParts};
use crate::CryptoError;
use crypto_bigint::{
    BoxedUint, ConcatenatingMul, Gcd, NonZero, Odd,
    rand_core::{TryCryptoRng, TryRng},
};
use crypto_primes::{
    Flavor,
    fips::{self, FipsOptions},
    hazmat::{SetBits, SmallFactorsSieveFactory},
    is_prime, sieve_and_find,
};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use std::convert::Infallible;
use zeroize::Zeroizing;

/// The length of a new key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RsaBits {
    /// 2048 bits: the shortest accepted length.
    Rsa2048,
    /// 3072 bits: for use beyond 2030 (NIST SP 800-57).
    #[default]
    Rsa3072,
    /// 4096 bits: the longest that can sign. A signature takes four times as long as with 2048.
    Rsa4096,
}

impl RsaBits {
    const fn count(self) -> u32 {
        match self {
            Self::Rsa2048 => 2048,
            Self::Rsa3072 => 3072,
            Self::Rsa4096 => 4096,
        }
    }
}

/// A new key pair, as a usable key and as text to store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GeneratedKey {
    /// The key.
    pub key: SigningKey,
    /// The same key as PEM with the label `PRIVATE KEY` (PKCS#8).
    pub pem: SecretString,
}

impl GeneratedKey {
    /// Generates a key with the public exponent 65537 from the operating system's randomness. This takes
    /// about a second with optimisations.
    ///
    /// # Errors
    /// [`CryptoError::Random`] without randomness, [`CryptoError::Generate`] when the numbers make no valid
    /// key.
    pub fn generate(bits: RsaBits) -> Result<Self, CryptoError> {
        let mut random = OsRandom { failed: false };
        // Each attempt fails for one pair of primes in thousands.
        for _ in 0..8 {
            let primes = [prime(bits, &mut random)?, prime(bits, &mut random)?];
            if random.failed {
                return Err(CryptoError::Random);
            }
            if let Some(numbers) = key_numbers(primes, bits) {
                return Self::from_numbers(&numbers);
            }
        }
        Err(CryptoError::Generate)
    }

    /// Takes the numbers of `RSAPrivateKey` in the order of RFC 8017.
    fn from_numbers(numbers: &[Secret; 8]) -> Result<Self, CryptoError> {
        let numbers = numbers.each_ref().map(|number| number.as_slice());
        let key = SigningKey::checked(PrivateParts::new(numbers), "the new key")
            .map_err(|_| CryptoError::Generate)?;
        let der = private_key_info(numbers);
        let pem = SecretString::from(pem::encode("PRIVATE KEY", &der).as_str());
        Ok(Self { key, pem })
    }
}

type Number = Zeroizing<BoxedUint>;
type Secret = Zeroizing<Vec<u8>>;

/// One composite in 2^128 may pass the test of FIPS 186-5 for a prime, Lucas test not counted.
const LOG2_OF_ERROR: u32 = 128;

/// Returns a prime with its two highest bits set, so that the product of two has the full length.
fn prime(bits: RsaBits, random: &mut OsRandom) -> Result<Number, CryptoError> {
    let half = bits.count() / 2;
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, half, SetBits::TwoMsb)
        .map_err(|_| CryptoError::Generate)?;
    let options =
        FipsOptions::with_error_bound(half, LOG2_OF_ERROR).ok_or(CryptoError::Generate)?;
    // The first is Baillie-PSW, which rejects nearly all candidates. The second uses bases that an attacker
    // cannot foresee.
    sieve_and_find(random, sieve, |random, candidate| {
        is_prime(Flavor::Any, candidate)
            && fips::is_prime(random, Flavor::Any, candidate, options.with_lucas_test())
    })
    .ok()
    .flatten()
    .map(Zeroizing::new)
    .ok_or(CryptoError::Generate)
}

/// Returns the numbers of a key by FIPS 186-5 appendix A.1.1; `None` when these primes are unsuitable.
fn key_numbers([a, b]: [Number; 2], bits: RsaBits) -> Option<[Secret; 8]> {
    let half = bits.count() / 2;
    let (p, q) = if *a > *b { (a, b) } else { (b, a) };
    let distance = Zeroizing::new(p.wrapping_sub(&*q));
    if distance.bits() <= half - 100 {
        return None;
    }
    let one = BoxedUint::one();
    let (p1, q1) = (
        Zeroizing::new(p.wrapping_sub(&one)),
        Zeroizing::new(q.wrapping_sub(&one)),
    );
    let common = Zeroizing::new(p1.gcd(&*q1));
    let product = Zeroizing::new(p1.concatenating_mul(&*q1));
    let lcm = nonzero(&product.div_rem(&*nonzero(&common)?).0)?;

    let n = p.concatenating_mul(&*q);
    let e = BoxedUint::from(65537u64);
    let wide = BoxedUint::from_be_slice_truncated(&e.to_be_bytes(), lcm.bits_precision());
    // There is an inverse exactly when neither p - 1 nor q - 1 is a multiple of e.
    let d = Zeroizing::new(Option::<BoxedUint>::from(wide.invert_mod(&lcm))?);
    if d.bits() <= half {
        return None;
    }
    let dp = Zeroizing::new(d.rem(&*nonzero(&p1)?));
    let dq = Zeroizing::new(d.rem(&*nonzero(&q1)?));
    let odd_p = Zeroizing::new(Option::<Odd<BoxedUint>>::from(Odd::new((*p).clone()))?);
    let qinv = Zeroizing::new(Option::<BoxedUint>::from(q.invert_odd_mod(&odd_p))?);

    let secret = |number: &BoxedUint| {
        let digits = Zeroizing::new(number.to_be_bytes());
        Zeroizing::new(der::trim_zeros(&digits).to_vec())
    };
    Some([
        secret(&n),
        secret(&e),
        secret(&d),
        secret(&p),
        secret(&q),
        secret(&dp),
        secret(&dq),
        secret(&qinv),
    ])
}

fn nonzero(number: &BoxedUint) -> Option<Zeroizing<NonZero<BoxedUint>>> {
    Option::from(NonZero::new(number.clone())).map(Zeroizing::new)
}

/// `PrivateKeyInfo` of RFC 5208.
fn private_key_info(numbers: [&[u8]; 8]) -> Secret {
    let encoded = numbers.map(|number| Zeroizing::new(der::unsigned(number)));
    let version = der::unsigned(&[]);
    let mut parts = vec![version.as_slice()];
    parts.extend(encoded.iter().map(|number| number.as_slice()));
    let key = Zeroizing::new(der::element(der::SEQUENCE, &parts));
    let octets = Zeroizing::new(der::element(der::OCTET_STRING, &[&key]));
    Zeroizing::new(der::element(
        der::SEQUENCE,
        &[&version, &der::rsa_algorithm(), &octets],
    ))
}

/// The operating system's generator for a library that cannot handle an error. After a failure the numbers
/// are zeros, and the caller must check `failed`.
struct OsRandom {
    failed: bool,
}

impl OsRandom {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let Ok(()) = self.try_fill_bytes(&mut bytes);
        bytes
    }
}

impl TryRng for OsRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.take()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.take()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if SystemRandom::new().fill(bytes).is_err() {
            self.failed = true;
            bytes.fill(0);
        }
        Ok(())
    }
}

impl TryCryptoRng for OsRandom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_that_are_too_close_are_not_used() {
        let bits = RsaBits::Rsa2048;
        let mut random = OsRandom { failed: false };
        let a = prime(bits, &mut random).unwrap();
        let b = prime(bits, &mut random).unwrap();
        assert!(!random.failed);
        assert!(key_numbers([a.clone(), b], bits).is_some());
        assert!(key_numbers([a.clone(), a.clone()], bits).is_none());
        let close = Zeroizing::new(a.wrapping_add(BoxedUint::from(2u64)));
        assert!(key_numbers([close.clone(), a.clone()], bits).is_none());
        assert!(key_numbers([a, close], bits).is_none());
    }

    #[test]
    fn a_prime_that_the_exponent_does_not_fit_is_not_used() {
        let bits = RsaBits::Rsa2048;
        let mut random = OsRandom { failed: false };
        let good = prime(bits, &mut random).unwrap();
        let other = prime(bits, &mut random).unwrap();
        // A neighbour of that one, of the form 65537 k + 1 with k even: its predecessor is a multiple.
        let step = BoxedUint::from(2 * 65_537_u64);
        let divisor = NonZero::new(step.clone()).unwrap();
        let rest = other.rem(&divisor);
        let mut bad = other.wrapping_sub(&rest).wrapping_add(BoxedUint::one());
        while !is_prime(Flavor::Any, &bad) {
            bad = bad.wrapping_add(&step);
        }
        assert!(key_numbers([good.clone(), other], bits).is_some());
        assert!(key_numbers([good, Zeroizing::new(bad)], bits).is_none());
    }

    #[test]
    fn enough_rounds_for_every_length() {
        for bits in [RsaBits::Rsa2048, RsaBits::Rsa3072, RsaBits::Rsa4096] {
            let half = bits.count() / 2;
            assert!(FipsOptions::with_error_bound(half, LOG2_OF_ERROR).is_some());
        }
    }
}
