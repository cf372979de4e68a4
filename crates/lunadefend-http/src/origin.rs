//! Who is asked: scheme, host and port.

use http::Uri;
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The origin of an `http` or `https` URL, in the one spelling that browsers send.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) is_https: bool,
    host: Host,
    port: u16,
}

#[derive(Clone, PartialEq, Eq)]
enum Host {
    /// In lower case.
    Name(String),
    Address(IpAddr),
}

/// Why an origin cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Scheme,
    Userinfo,
    Host,
    Port,
}

impl Origin {
    /// Returns the origin of what hyper would ask.
    ///
    /// # Security
    /// Of the spellings that browsers and resolvers take for an address, such as `0x7f.1`, it knows only the usual one, and
    /// refuses the others: nobody can be sent to another host than the one that was judged.
    pub(crate) fn of(uri: &Uri) -> Result<Self, Fault> {
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(Fault::Scheme),
        };
        let authority = uri.authority().ok_or(Fault::Host)?;
        if authority.as_str().contains('@') {
            return Err(Fault::Userinfo);
        }
        let host = Host::parse(authority.host()).ok_or(Fault::Host)?;
        let port = match &authority.as_str()[authority.host().len()..] {
            "" => default_port(is_https),
            _ => authority.port_u16().ok_or(Fault::Port)?,
        };
        Ok(Self {
            is_https,
            host,
            port,
        })
    }

    /// Returns whether the host is the machine itself.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.is_loopback(),
            // RFC 6761 section 6.3: names below localhost never leave the machine either.
            Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let address: Ipv6Addr = address.parse().ok()?;
            // Browsers spell this one in another way than everybody else.
            let is_plain = address.to_ipv4_mapped().is_none();
            return is_plain.then_some(Self::Address(address.into()));
        }
        let name = text.to_ascii_lowercase();
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if name.trim_matches('.').is_empty() || !name.bytes().all(is_letter) {
            return None;
        }
        // URL standard, "ends in a number": such a host is an address or nothing.
        let last = name.trim_end_matches('.').rsplit('.').next()?;
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        if is_number {
            let address: Ipv4Addr = name.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        Some(Self::Name(name))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_https { "https://" } else { "http://" })?;
        match &self.host {
            Host::Name(name) => f.write_str(name)?,
            Host::Address(IpAddr::V4(address)) => write!(f, "{address}")?,
            Host::Address(IpAddr::V6(address)) => write!(f, "[{address}]")?,
        }
        if self.port == default_port(self.is_https) {
            return Ok(());
        }
        write!(f, ":{}", self.port)
    }
}

const fn default_port(is_https: bool) -> u16 {
    if is_https { 443 } else { 80 }
}
