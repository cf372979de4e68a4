//! The admin socket: a Unix socket for the operator of this machine.

use crate::{
    config::Limits,
    server::{self, Listener, Places},
    tokenizer::Tokenizer,
};
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// Connections at once. They come out of [`Limits::RESERVED_FILES`].
const MAX_CONNECTIONS: u32 = 8;
/// Clients that the kernel keeps waiting.
const BACKLOG: u32 = 16;

/// Why there is no admin socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminSocketError {
    /// Another process listens at the path.
    #[error(
        "another process answers at the admin socket {}: stop it, or choose another path with LUNADEFEND_ADMIN_SOCKET",
        path.display()
    )]
    InUse {
        /// The path of the socket.
        path: PathBuf,
    },
    /// What is at the path is not a socket. It is left alone.
    #[error(
        "{} is there and is not a socket: choose another path with LUNADEFEND_ADMIN_SOCKET",
        path.display()
    )]
    NotASocket {
        /// The path of the socket.
        path: PathBuf,
    },
    /// The socket cannot be made.
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

/// A Unix socket that listens. Its file is removed when it is dropped.
///
/// # Security
/// Only the user that runs the process, and root, may connect: the file has mode 0600 before anybody
/// can. Some systems do not look at that mode, so put it into a folder that only this user can enter.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Which file it made: another process may have replaced it.
    file: (u64, u64),
}

impl AdminSocket {
    /// Listens at a path. A socket whose process is gone is replaced.
    ///
    /// # Errors
    /// An [`AdminSocketError`] when another process listens there, when something else is there, or when
    /// the socket cannot be made.
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
        // Nobody can connect before it listens, so the mode is right in time.
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

/// Sets the mode of the new socket; gives what identifies its file.
fn restrict(path: &Path) -> io::Result<(u64, u64)> {
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    identity(path)
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Removes a socket at which no process listens.
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

    async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

/// Serves the operator's routes of a tokenizer on its admin socket, until `shutdown` completes. They are
/// nowhere else, and no other routes are there.
///
/// `GET /status` answers a [`Status`](crate::Status) in the envelope of all responses.
pub async fn serve_admin(
    socket: AdminSocket,
    tokenizer: Tokenizer,
    shutdown: impl Future<Output = ()>,
) {
    let limits: Limits = *tokenizer.limits();
    let places = Places::new(MAX_CONNECTIONS);
    server::run(socket, tokenizer.admin(), &places, &limits, shutdown).await;
}
