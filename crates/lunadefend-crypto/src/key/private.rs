//! The numbers of a private key on their way from a file into ring.

use super::problem::Problem;
use crypto_bigint::{BoxedUint, NonZero};
use ring::rsa::{KeyPair, KeyPairComponents, PublicKeyComponents};
use zeroize::Zeroizing;

/// The eight numbers of `RSAPrivateKey`, big-endian without leading zeros, wiped when dropped.
pub(super) struct PrivateParts {
    pub(super) n: Vec<u8>,
    pub(super) e: Vec<u8>,
    d: Zeroizing<Vec<u8>>,
    p: Zeroizing<Vec<u8>>,
    q: Zeroizing<Vec<u8>>,
    dp: Zeroizing<Vec<u8>>,
    dq: Zeroizing<Vec<u8>>,
    qinv: Zeroizing<Vec<u8>>,
}

impl PrivateParts {
    /// Takes the numbers in the order of RFC 8017.
    pub(super) fn new([n, e, d, p, q, dp, dq, qinv]: [&[u8]; 8]) -> Self {
        let secret = |number: &[u8]| Zeroizing::new(number.to_vec());
        Self {
            n: n.to_vec(),
            e: e.to_vec(),
            d: secret(d),
            p: secret(p),
            q: secret(q),
            dp: secret(dp),
            dq: secret(dq),
            qinv: secret(qinv),
        }
    }

    /// Computes the two exponents of the Chinese remainder theorem that OpenSSH's format leaves out.
    pub(super) fn with_computed_exponents(
        [n, e, d, p, q, qinv]: [&[u8]; 6],
    ) -> Result<Self, Problem> {
        let exponent = |prime: &[u8]| -> Result<Zeroizing<Box<[u8]>>, Problem> {
            let prime = Zeroizing::new(BoxedUint::from_be_slice_vartime(prime));
            let less_one = Zeroizing::new(prime.wrapping_sub(BoxedUint::one()));
            let modulus = Option::<NonZero<_>>::from(NonZero::new((*less_one).clone()))
                .map(Zeroizing::new)
                .ok_or(Problem::Damaged)?;
            let d = Zeroizing::new(BoxedUint::from_be_slice_vartime(d));
            let exponent = Zeroizing::new(d.rem(&*modulus));
            Ok(Zeroizing::new(exponent.to_be_bytes_trimmed_vartime()))
        };
        let (dp, dq) = (exponent(p)?, exponent(q)?);
        Ok(Self::new([n, e, d, p, q, &dp, &dq, qinv]))
    }

    /// Ring checks that the numbers fit together.
    pub(super) fn into_key_pair(self) -> Option<KeyPair> {
        KeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents {
                n: &self.n,
                e: &self.e,
            },
            d: &*self.d,
            p: &*self.p,
            q: &*self.q,
            dP: &*self.dp,
            dQ: &*self.dq,
            qInv: &*self.qinv,
        })
        .ok()
    }
}
