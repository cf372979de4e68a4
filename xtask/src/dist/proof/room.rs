//! The empty folder with the files of the image, and programs that see nothing else.

use super::{IN_HOSTS, MOMENT};
use crate::{
    command::{self, program},
    dist::{
        PROGRAM,
        image::{Image, Owner},
        roots,
    },
    workspace::Workspace,
};
use anyhow::{Context as _, Result, ensure};
use lunadefend_process::Process;
use std::{
    fs,
    os::unix::fs::chown,
    path::{Path, PathBuf},
};

/// What an engine puts into a container besides the image.
const HOSTS: &str = "127.0.0.1 localhost";
const RESOLVER: &str = "nameserver 127.0.0.1\n";
/// Where systems have it: what it starts has no `PATH`.
const CHROOT: &[&str] = &["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot"];

/// A folder like a container of the image.
pub(super) struct Room {
    root: PathBuf,
    image: Image,
    chroot: &'static str,
    /// The program outside of the folder.
    program: PathBuf,
}

/// The keys of an application.
pub(super) struct Keys {
    pub(super) private: String,
    /// The public half as a key set (RFC 7517).
    pub(super) set: String,
}

impl Room {
    /// Copies the image, which is made of the files in `context`.
    pub(super) fn make(workspace: &Workspace, image: Image, context: &Path) -> Result<Self> {
        let mut paths = CHROOT.iter().copied();
        let chroot = paths.find(|path| Path::new(path).is_file());
        let root = workspace.target().join("tmp/dist-root");
        let room = Self {
            root,
            image,
            chroot: chroot.context("there is no chroot")?,
            program: context.join(PROGRAM),
        };
        room.clear()?;
        for one in &room.image.copies {
            copy(&context.join(&one.from), &room.path(&one.to), one.owner)?;
        }
        ensure!(
            room.image.volumes.contains(&room.image.folder),
            "its folder is no volume: nothing can be written there"
        );
        let etc = room.path("/etc");
        fs::create_dir_all(&etc)?;
        fs::write(etc.join("hosts"), format!("{HOSTS} {IN_HOSTS}\n"))?;
        fs::write(etc.join("resolv.conf"), RESOLVER)?;
        Ok(room)
    }

    /// Removes it.
    pub(super) fn clear(&self) -> Result<()> {
        if self.root.exists() {
            fs::remove_dir_all(&self.root)?;
        }
        Ok(())
    }

    /// Outside of the folder, a path inside.
    fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside.trim_start_matches('/'))
    }

    pub(super) fn port(&self) -> u16 {
        self.image.port
    }

    /// Starts the image as an engine does, with more settings.
    pub(super) fn start(&self, settings: &[(&str, String)]) -> Result<Process> {
        let words = [&*self.image.entrypoint, &*self.image.command].concat();
        self.process(settings, &words)
    }

    fn process(&self, settings: &[(&str, String)], words: &[String]) -> Result<Process> {
        let own = self.image.environment.iter();
        let own = own.map(|(name, value)| format!("{name}={value}"));
        let more = settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let Owner { user, group } = self.image.user;
        let root = self.root.to_str().context("a path that is no text")?;
        let mut arguments = vec!["-i".to_owned()];
        arguments.extend(own.chain(more));
        arguments.push(self.chroot.to_owned());
        arguments.push(format!("--userspec={user}:{group}"));
        arguments.extend(["--groups=".to_owned(), root.to_owned()]);
        arguments.extend(words.iter().cloned());
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        Process::start(Path::new("env"), &arguments, &[])
    }

    /// Asks as `HEALTHCHECK` does.
    pub(super) fn is_healthy(&self) -> Result<()> {
        let mut check = self.process(&[], &self.image.health)?;
        let status = check.end(MOMENT)?;
        ensure!(status.success(), "it is not healthy: {status}");
        Ok(())
    }

    /// Makes keys with the program.
    pub(super) fn keys(&self) -> Result<Keys> {
        let file = self.root.with_extension("pem");
        if file.exists() {
            fs::remove_file(&file)?;
        }
        let mut keygen = program(&self.program, Path::new("/"));
        let printed = command::output(keygen.arg("keygen").arg(&file))?;
        let start = "public key as a JWK (RFC 7517): ";
        let key = printed.lines().find_map(|line| line.strip_prefix(start));
        let key = key.context("keygen printed no JWK")?;
        let private = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        Ok(Keys {
            private,
            set: format!(r#"{{"keys":[{key}]}}"#),
        })
    }

    /// Empties the volume, and returns the path of the store in it, outside of the folder.
    pub(super) fn empty_store(&self) -> Result<PathBuf> {
        let volume = self.path(&self.image.folder);
        for entry in fs::read_dir(&volume)? {
            fs::remove_file(entry?.path())?;
        }
        let store = self
            .image
            .command
            .last()
            .context("the command has no store")?;
        Ok(self.path(store))
    }

    /// Gives what is in the volume to the user of the image.
    pub(super) fn own_store(&self) -> Result<()> {
        let Owner { user, group } = self.image.user;
        for entry in fs::read_dir(self.path(&self.image.folder))? {
            chown(entry?.path(), Some(user), Some(group))?;
        }
        Ok(())
    }

    /// Takes the root certificates away.
    pub(super) fn without_roots(&self) -> Result<Taken> {
        let mut copies = self.image.copies.iter();
        let roots = copies.find(|one| one.from == roots::FILE);
        let from = self.path(&roots.context("it has no root certificates")?.to);
        let to = self.root.with_extension(roots::FILE);
        fs::rename(&from, &to)?;
        Ok(Taken { from, to })
    }
}

/// A file that was moved away.
pub(super) struct Taken {
    from: PathBuf,
    to: PathBuf,
}

impl Taken {
    /// Puts it back.
    pub(super) fn restore(self) -> Result<()> {
        Ok(fs::rename(self.to, self.from)?)
    }
}

/// Copies a file, or an empty folder.
fn copy(from: &Path, to: &Path, owner: Owner) -> Result<()> {
    if from.is_dir() {
        let mut inside = fs::read_dir(from)?;
        ensure!(inside.next().is_none(), "{} is not empty", from.display());
        fs::create_dir_all(to)?;
    } else {
        fs::create_dir_all(to.parent().context("a path with a folder")?)?;
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    chown(to, Some(owner.user), Some(owner.group))
        .with_context(|| format!("cannot give {} away", to.display()))
}
