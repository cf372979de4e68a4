//! The proxies whose `X-Forwarded-For` is believed.

use crate::{client_addr::ClientAddr, config_error::ConfigError, headers::X_FORWARDED_FOR};
use http::HeaderMap;
use ipnet::{IpNet, Ipv4Net};
use lunadefend_core::provider::SettingError;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The addresses of the proxies in front of a tokenizer. Only they can tell by `X-Forwarded-For` for whom a request is.
/// There are none by default.
///
/// ```
/// use lunadefend_tokenizer::TrustedProxies;
///
/// let proxies = TrustedProxies::parse(["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"], "TRUSTED_PROXIES")?;
/// assert!(TrustedProxies::parse(["proxy.example.com"], "TRUSTED_PROXIES").is_err());
/// # let _ = proxies;
/// # Ok::<(), lunadefend_tokenizer::ConfigError>(())
/// ```
///
/// # Security
/// Name proxies only, which append the address of their client. Whoever sends requests from one of these addresses
/// chooses the address that limits see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Parses the items of a setting, IP addresses and networks in CIDR notation; `setting` is its name, for the error.
    ///
    /// # Errors
    /// [`ConfigError`] when an item is neither, has bits behind its prefix, or is all addresses.
    pub fn parse<T: AsRef<str>>(
        items: impl IntoIterator<Item = T>,
        setting: &'static str,
    ) -> Result<Self, ConfigError> {
        let proxies = items.into_iter().zip(1..).map(|(item, number)| {
            network(item.as_ref()).map_err(|problem| {
                let problem = format!("has an item, number {number}, that {problem}");
                let advice = "write addresses and networks such as 127.0.0.1 and 10.0.0.0/8, with commas between them";
                SettingError::new(setting, problem, advice).into()
            })
        });
        proxies.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the client of a request that came from `peer`.
    ///
    /// From right to left, a trusted proxy vouches for the entry before it; the first entry that is no proxy is the client. An
    /// entry that is no address ends it at the proxy that wrote it.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while self.trusts(client)
            && let Some(before) = entries.next().and_then(address)
        {
            client = before;
        }
        ClientAddr::new(client)
    }

    fn trusts(&self, addr: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&addr))
    }
}

/// Parses an item of the setting; the error is the rest of a sentence.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let network = match text.parse::<IpAddr>() {
        Ok(addr) => IpNet::from(addr),
        Err(_) => text
            .parse()
            .map_err(|_| "is neither an address nor a network")?,
    };
    if network.trunc() != network {
        return Err("has bits set behind its prefix");
    }
    let network = canonical(network);
    if network.prefix_len() == 0 {
        return Err("is every address, so that everyone could choose their own");
    }
    Ok(network)
}

/// Returns an IPv4 network in the form of an IPv6 one (`::ffff:10.0.0.0/104`) as the IPv4 network, since addresses are
/// compared in that form.
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else {
        return network;
    };
    let v4 = mapped.addr().to_ipv4_mapped();
    let prefix = mapped.prefix_len().checked_sub(96);
    match v4
        .zip(prefix)
        .map(|(addr, prefix)| Ipv4Net::new(addr, prefix))
    {
        Some(Ok(network)) => IpNet::V4(network),
        _ => network,
    }
}

/// Parses an entry of `X-Forwarded-For`. Some proxies write the port too, and brackets around an IPv6 address.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry.trim_ascii()).ok()?;
    let bare = entry
        .strip_prefix('[')
        .and_then(|entry| entry.strip_suffix(']'));
    let addr = match bare {
        Some(bare) => IpAddr::V6(bare.parse().ok()?),
        None => entry
            .parse()
            .or_else(|_| entry.parse().map(|addr: SocketAddr| addr.ip()))
            .ok()?,
    };
    Some(addr.to_canonical())
}

#[cfg(test)]
mod tests;
