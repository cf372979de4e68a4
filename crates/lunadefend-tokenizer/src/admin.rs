//! The admin socket: a Unix socket for the operator of this machine.

use crate::{
    config::Limits,
    server::{self, Listener, Peer, Places},
    tokenizer::Tokenizer,
};
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// The maximum of connections at once. They come out of [`Limits::RESERVED_FILES`].
const MAX_CONNECTIONS: u32 = 8;
/// The maximum of clients that the kernel keeps waiting.
const BACKLOG: u32 = 16;

/// Why the admin socket could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminSocketError {
    /// Another process listens on the path.
    #[error(
        "another process answers at the admin socket {}: stop it, or choose another path with LUNADEFEND_ADMIN_SOCKET",
        path.display()
    )]
    InUse {
        /// The path of the socket.
        path: PathBuf,
    },
    /// The path holds something other than a socket, which is left alone.
    #[error(
        "{} is there and is not a socket: choose another path with LUNADEFEND_ADMIN_SOCKET",
        path.display()
    )]
    NotASocket {
        /// The path of the socket.
        path: PathBuf,
    },
    /// Making the socket failed.
    #[error(
        "cannot make the admin socket {}: its folder must exist and be writable, and the path be short (about 100 bytes)",
        path.display()
    )]
    Io {
        /// The path of the socket.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// A listening Unix socket. Dropping it removes its file.
///
/// # Security
/// Only the user that runs the process, and root, may connect: the file has mode 0600 before any process can
/// connect. Some systems ignore that mode, so put the socket into a folder that only this user can enter.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The file that it made: another process may have replaced it.
    file: (u64, u64),
}

impl AdminSocket {
    /// Listens on a path. It replaces a socket whose process has ended.
    ///
    /// # Errors
    /// An [`AdminSocketError`] when another process listens there, when the path holds something else, or
    /// when making the socket fails.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn bind(path: &Path) -> Result<Self, AdminSocketError> {
        remove_stale(path).await?;
        let io = |source| AdminSocketError::Io {
            path: path.to_owned(),
            source,
        };
        let socket = UnixSocket::new_stream().map_err(io)?;
        socket.bind(path).map_err(io)?;
        // No process can connect before it listens, so the mode is set in time.
        let file = restrict(path).map_err(|source| {
            let _ = fs::remove_file(path);
            io(source)
        })?;
        let listener = socket.listen(BACKLOG).map_err(|source| {
            let _ = fs::remove_file(path);
            io(source)
        })?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            file,
        })
    }
}

/// Sets the mode of the new socket; returns the identity of its file.
fn restrict(path: &Path) -> io::Result<(u64, u64)> {
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    identity(path)
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Removes a socket on which no process listens.
async fn remove_stale(path: &Path) -> Result<(), AdminSocketError> {
    let io = |source| AdminSocketError::Io {
        path: path.to_owned(),
        source,
    };
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(AdminSocketError::NotASocket {
            path: path.to_owned(),
        });
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(io)
        }
        Err(error) => Err(io(error)),
        Ok(_) => Err(AdminSocketError::InUse {
            path: path.to_owned(),
        }),
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Listener for AdminSocket {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Option<Peer>)> {
        let (stream, _) = self.listener.accept().await?;
        Ok((stream, None))
    }
}

/// Serves the operator's routes of a tokenizer on its admin socket, until `shutdown` completes. The public
/// server has none of these routes, and the socket no others.
///
/// `GET /status` returns a [`Status`](crate::Status) in the envelope of all responses.
pub async fn serve_admin(
    socket: AdminSocket,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) {
    let limits: Limits = *tokenizer.limits();
    let places = Places::new(MAX_CONNECTIONS);
    server::run(socket, None, tokenizer.admin(), &places, &limits, shutdown).await;
}
