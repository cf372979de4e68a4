//! The address of the client of a request.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// The IP address of a client: that of the connection, or what a trusted proxy says
/// ([`TrustedProxies`](crate::TrustedProxies)).
///
/// [`serve`](crate::serve) makes it. Under another server, insert one into the extensions of each request before the
/// [`Tokenizer`](crate::Tokenizer) gets it, if limits by address should hold. Requests on the admin socket have none.
///
/// # Security
/// It identifies a person: its `Debug` does not show it, and neither logs nor metrics may have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddr(IpAddr);

impl ClientAddr {
    /// Takes an address. An IPv4 address in the form of an IPv6 one (`::ffff:192.0.2.1`) is the IPv4 address.
    #[must_use]
    pub const fn new(addr: IpAddr) -> Self {
        Self(addr.to_canonical())
    }

    /// Returns the group whose members share their rate limits.
    #[must_use]
    pub const fn group(self) -> AddrGroup {
        match self.0 {
            IpAddr::V4(_) => AddrGroup(self.0),
            IpAddr::V6(addr) => {
                let network = addr.to_bits() >> 64 << 64;
                AddrGroup(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
        }
    }
}

impl fmt::Debug for ClientAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddr").finish_non_exhaustive()
    }
}

/// The addresses that one client has at its disposal: an IPv4 address, or the /64 of an IPv6 address.
///
/// # Security
/// Its `Debug` does not show it, as for [`ClientAddr`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddrGroup(IpAddr);

impl fmt::Debug for AddrGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddrGroup").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(addr: &str) -> AddrGroup {
        ClientAddr::new(addr.parse().unwrap()).group()
    }

    #[test]
    fn a_group_is_an_ipv4_address_or_a_64() {
        for (one, other, is_same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
        ] {
            assert_eq!(group(one) == group(other), is_same, "{one} and {other}");
        }
    }

    #[test]
    fn nothing_shows_the_address() {
        let addr = ClientAddr::new([203, 0, 113, 77].into());
        let shown = format!("{addr:?} {:?}", addr.group());
        assert_eq!(shown, "ClientAddr { .. } AddrGroup { .. }");
    }
}
