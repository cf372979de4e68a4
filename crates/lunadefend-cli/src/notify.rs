//! Tells a service manager such as systemd how far the process is: the protocol of `sd_notify(3)`.

use anyhow::{Context, Result};
use lunadefend_settings::Environment;
use std::{
    ffi::OsStr,
    os::unix::{
        ffi::OsStrExt,
        net::{SocketAddr, UnixDatagram},
    },
};

/// The service manager that started the process, if one wants to know.
pub(crate) struct ServiceManager(Option<(UnixDatagram, SocketAddr)>);

impl ServiceManager {
    /// Finds it as it says: by the address in `NOTIFY_SOCKET`.
    ///
    /// # Errors
    /// When that is no address of a socket.
    pub(crate) fn find(environment: &impl Environment) -> Result<Self> {
        let found = environment.get(NOTIFY_SOCKET);
        let Some(address) = found.filter(|value| !value.expose_secret().is_empty()) else {
            return Ok(Self(None));
        };
        let address = parse(address.expose_secret()).context(ADVICE)?;
        let socket = UnixDatagram::unbound()?;
        // A service manager that reads nothing must not hold up the tokenizer.
        socket.set_nonblocking(true)?;
        Ok(Self(Some((socket, address))))
    }

    /// Says that connections are taken.
    ///
    /// # Errors
    /// When it cannot be told, as it would then end the process for not being ready.
    pub(crate) fn ready(&self) -> Result<()> {
        self.send(b"READY=1").context(ADVICE)
    }

    /// Says that the process is about to end. Not being told makes no difference to what ends.
    pub(crate) fn stopping(&self) {
        let _ = self.send(b"STOPPING=1");
    }

    /// Says that the process is alive, for its watchdog. When this cannot be said, the next time says it.
    pub(crate) fn alive(&self) {
        let _ = self.send(b"WATCHDOG=1");
    }

    fn send(&self, state: &[u8]) -> std::io::Result<()> {
        match &self.0 {
            Some((socket, address)) => socket.send_to_addr(state, address).map(drop),
            None => Ok(()),
        }
    }
}

const NOTIFY_SOCKET: &str = "NOTIFY_SOCKET";

const ADVICE: &str = "cannot notify the service manager: unset NOTIFY_SOCKET if there is none";

/// A path, or a name without a file after an `@`, which only Linux has.
fn parse(address: &[u8]) -> std::io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = address.strip_prefix(b"@") {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name);
    }
    SocketAddr::from_pathname(OsStr::from_bytes(address))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_address_is_a_path_or_on_linux_a_name() {
        let path = parse(b"/run/systemd/notify").unwrap();
        assert_eq!(
            path.as_pathname().unwrap().to_str(),
            Some("/run/systemd/notify")
        );
        #[cfg(target_os = "linux")]
        {
            use std::os::linux::net::SocketAddrExt;
            let name = parse(b"@lunadefend").unwrap();
            assert_eq!(name.as_abstract_name(), Some(&b"lunadefend"[..]));
        }
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_refused() {
        assert!(parse(&[b'x'; 200]).is_err());
    }
}
