//! Secrets in files.

#[cfg(unix)]
mod sharing;

use lunadefend_core::provider::{
    BoxFuture, SecretError, SecretProvider, SecretValue, SecretVersion, SecretVersions,
};
use std::{
    fs::{File, Metadata},
    io::{self, ErrorKind, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use zeroize::Zeroizing;

/// A secret in a file, which is read at each fetch.
///
/// The version's time is that of the last modification. To rotate a key, replace its file, as Kubernetes does
/// with a mounted secret.
///
/// The file must be a regular file (a symbolic link to one is followed) of at most [`FileSecret::MAX_LEN`]
/// bytes. One line end after a text is removed; bytes that are not text stay unchanged.
///
/// # Security
/// On Unix a file that other users can use is logged as a warning. There is one exception: a group of this
/// process may read another owner's file, as Kubernetes mounts secrets with `fsGroup` (mode 0440).
#[derive(Clone, Debug)]
pub struct FileSecret {
    path: PathBuf,
    warned: Arc<AtomicBool>,
}

impl FileSecret {
    /// The largest file, in bytes.
    pub const MAX_LEN: usize = 64 * 1024;

    /// Makes the secret in the file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            warned: Arc::default(),
        }
    }

    fn misconfigured(&self, advice: &'static str) -> SecretError {
        SecretError::Misconfigured {
            origin: self.origin().into(),
            advice: advice.into(),
            source: None,
        }
    }

    fn failed(&self, error: io::Error) -> SecretError {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => SecretError::NotFound {
                origin: self.origin().into(),
                advice: "create the file, or configure another secret provider".into(),
            },
            ErrorKind::PermissionDenied => SecretError::Misconfigured {
                origin: self.origin().into(),
                advice: "the file must be readable by this process".into(),
                source: Some(error.into()),
            },
            _ => SecretError::Unavailable {
                origin: self.origin().into(),
                source: Some(error.into()),
            },
        }
    }

    fn read(&self) -> Result<SecretVersion, SecretError> {
        // Checked before opening: opening a pipe blocks until another process writes to it.
        let metadata = std::fs::metadata(&self.path).map_err(|error| self.failed(error))?;
        if metadata.is_dir() {
            // Docker creates a folder when the file to be mounted is missing on the host.
            return Err(self.misconfigured(
                "it is a folder, not a file: name the file in it, or, mounted by Docker, make the file on the host first",
            ));
        }
        if !metadata.is_file() {
            return Err(self.misconfigured("it is not a regular file"));
        }
        self.warn_if_shared(&metadata);

        let mut buffer = Zeroizing::new(vec![0; Self::MAX_LEN + 1]);
        let read = fill(&self.path, &mut buffer).map_err(|error| self.failed(error))?;
        if read > Self::MAX_LEN {
            return Err(self.misconfigured("the file is larger than 64 KiB"));
        }
        let secret = without_line_end(&buffer[..read]);
        if secret.trim_ascii().is_empty() {
            return Err(self.misconfigured("the file is there but empty; write the secret into it"));
        }
        Ok(SecretVersion {
            value: SecretValue::new(secret),
            created: metadata.modified().ok(),
            origin: None,
        })
    }

    #[cfg(unix)]
    fn warn_if_shared(&self, metadata: &Metadata) {
        let owner = sharing::Owner::of(metadata);
        let Some(advice) = sharing::advice(&owner, sharing::Process::of_this) else {
            return;
        };
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                path = %self.path.display(),
                mode = format!("{:03o}", owner.mode),
                "{advice}"
            );
        }
    }

    #[cfg(not(unix))]
    fn warn_if_shared(&self, _metadata: &Metadata) {}
}

impl SecretProvider for FileSecret {
    fn origin(&self) -> String {
        format!("file {}", self.path.display())
    }

    fn fetch(&self) -> BoxFuture<'_, Result<SecretVersions, SecretError>> {
        let this = self.clone();
        Box::pin(async move {
            // tokio's own files read through a buffer that is not wiped.
            let origin = this.origin();
            match tokio::task::spawn_blocking(move || this.read()).await {
                Ok(outcome) => outcome.map(SecretVersions::only),
                Err(error) => Err(SecretError::Unavailable {
                    origin: origin.into(),
                    source: Some(error.into()),
                }),
            }
        })
    }
}

/// Reads a file to its end, or until the buffer is full.
fn fill(path: &Path, buffer: &mut [u8]) -> io::Result<usize> {
    let mut file = File::open(path)?;
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Editors and `echo` end a text with a line end that is not part of the secret. The last byte of a random
/// key may have the same value, but is part of it.
fn without_line_end(content: &[u8]) -> &[u8] {
    let Some(text) = content.strip_suffix(b"\n") else {
        return content;
    };
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    let is_text = std::str::from_utf8(text)
        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()));
    if is_text { text } else { content }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, SystemTime};

    async fn fetch(path: &Path) -> Result<Vec<u8>, SecretError> {
        let versions = FileSecret::new(path).fetch().await?;
        Ok(versions.current.value.expose_secret().to_vec())
    }

    #[tokio::test]
    async fn text_and_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let mut raw = [0xa7; 32];
        raw[31] = b'\n';
        for (content, expected) in [
            (&b"canary"[..], &b"canary"[..]),
            (b"canary\n", b"canary"),
            (b"canary\r\n", b"canary"),
            (b"canary\n\n", b"canary\n"),
            (b"-----BEGIN\n\tx\n-----END\n", b"-----BEGIN\n\tx\n-----END"),
            (b"  canary ", b"  canary "),
            (&raw, &raw),
            (b"\x01binary\n", b"\x01binary\n"),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(fetch(&path).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn each_mistake_has_its_own_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");

        for missing in [path.clone(), folder.path().join("no/such/folder")] {
            let error = fetch(&missing).await.unwrap_err();
            assert!(matches!(error, SecretError::NotFound { .. }), "{error:?}");
            assert!(error.to_string().contains(&*missing.to_string_lossy()));
        }
        let error = fetch(folder.path()).await.unwrap_err();
        assert!(
            error.to_string().contains("it is a folder, not a file"),
            "{error}"
        );

        for empty in ["", "\n", " \r\n"] {
            std::fs::write(&path, empty).unwrap();
            let error = fetch(&path).await.unwrap_err();
            assert!(matches!(error, SecretError::Misconfigured { .. }));
            assert!(error.to_string().contains("empty"), "{error}");
        }
        let error = fetch(&path.join("below-a-file")).await.unwrap_err();
        assert!(matches!(error, SecretError::NotFound { .. }), "{error:?}");

        std::fs::write(&path, vec![b'x'; FileSecret::MAX_LEN]).unwrap();
        assert_eq!(fetch(&path).await.unwrap().len(), FileSecret::MAX_LEN);
        std::fs::write(&path, vec![b'x'; FileSecret::MAX_LEN + 1]).unwrap();
        let error = fetch(&path).await.unwrap_err();
        assert!(error.to_string().contains("64 KiB"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_pipe_is_refused_and_a_link_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("..data"), folder.path().join("key"));
        std::fs::write(&target, "canary").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert_eq!(fetch(&link).await.unwrap(), b"canary");
        let error = fetch(Path::new("/dev/zero")).await.unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_that_others_can_read_is_warned_about_once() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "canary").unwrap();
        let secret = FileSecret::new(&path);
        for (mode, warned) in [(0o600, false), (0o400, false), (0o644, true)] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            secret.fetch().await.unwrap();
            assert_eq!(secret.warned.load(Ordering::Relaxed), warned, "{mode:o}");
        }
    }

    #[tokio::test]
    async fn a_fetch_reads_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "one").unwrap();
        let secret = FileSecret::new(&path);
        secret.fetch().await.unwrap();
        std::fs::write(&path, "two").unwrap();
        let made = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(made)
            .unwrap();
        let version = secret.fetch().await.unwrap().current;
        assert_eq!(version.value.expose_secret(), b"two");
        assert_eq!(version.created, Some(made));
    }

    proptest! {
        #[test]
        fn only_a_line_end_is_ever_left_out(content: Vec<u8>) {
            let kept = without_line_end(&content);
            prop_assert!(content.starts_with(kept));
            prop_assert!(matches!(&content[kept.len()..], b"" | b"\n" | b"\r\n"));
        }
    }
}
