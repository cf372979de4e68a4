//! Where lines go.

use std::io;

/// Where lines go: a file, stdout, or one of a test that fails.
pub trait Destination: Send + 'static {
    /// Appends bytes; returns how many were taken, of the first ones.
    ///
    /// # Errors
    /// When none was taken. The rest of a line is given again later.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Makes durable what was written.
    ///
    /// # Errors
    /// When it may not be durable. Nothing is written any more after that: the system may have lost what it took.
    fn sync(&mut self) -> io::Result<()>;

    /// Begins a new file if it is time. Returns whether it did. It is called between lines only.
    ///
    /// # Errors
    /// When it is time and failed. Lines go on as before.
    fn rotate(&mut self) -> io::Result<bool> {
        Ok(false)
    }
}

/// Stdout, for whoever collects it. A line counts as durable when the system has taken it.
#[derive(Debug)]
pub struct Stdout(#[cfg(unix)] std::fs::File);

impl Stdout {
    /// Opens stdout, without the buffer that all others share.
    ///
    /// # Errors
    /// When it is closed.
    #[cfg(unix)]
    pub fn open() -> io::Result<Self> {
        use std::os::fd::AsFd;

        Ok(Self(io::stdout().as_fd().try_clone_to_owned()?.into()))
    }

    /// Opens stdout.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(unix))]
    pub const fn open() -> io::Result<Self> {
        Ok(Self())
    }
}

impl Destination for Stdout {
    #[cfg(unix)]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut self.0, bytes)
    }

    #[cfg(not(unix))]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stdout = io::stdout().lock();
        io::Write::write_all(&mut stdout, bytes)?;
        io::Write::flush(&mut stdout)?;
        Ok(bytes.len())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}
