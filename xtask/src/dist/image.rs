//! `ops/Dockerfile`, as far as an image that is only copied together needs it.

use anyhow::{Context as _, Result, bail, ensure};
use parse_dockerfile::{
    Command, Flag, HealthcheckArguments, Instruction, JsonOrStringArray, Source, parse,
};
use std::{collections::BTreeMap, path::Path};

/// An image without anything below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) copies: Vec<Copied>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) user: Owner,
    pub(super) folder: String,
    pub(super) volumes: Vec<String>,
    pub(super) port: u16,
    pub(super) entrypoint: Vec<String>,
    pub(super) command: Vec<String>,
    pub(super) health: Vec<String>,
}

/// A file or a folder of what is shipped.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) from: String,
    /// Absolute.
    pub(super) to: String,
    pub(super) owner: Owner,
}

/// A user and a group by their numbers: an image without files of names has no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) user: u32,
    pub(super) group: u32,
}

const ROOT: Owner = Owner { user: 0, group: 0 };

impl Image {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is wrong", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let file = parse(text)?;
        let mut parts = file.instructions.iter();
        match parts.next() {
            Some(Instruction::From(from)) if from.image.value == "scratch" => {}
            _ => bail!("it does not begin with FROM scratch"),
        }
        let mut image = Self {
            copies: Vec::new(),
            environment: BTreeMap::new(),
            user: ROOT,
            folder: "/".to_owned(),
            volumes: Vec::new(),
            port: 0,
            entrypoint: Vec::new(),
            command: Vec::new(),
            health: Vec::new(),
        };
        for part in parts {
            image.add(part)?;
        }
        ensure!(image.user.user != 0, "it runs as root");
        ensure!(image.port != 0, "it exposes no port");
        ensure!(!image.entrypoint.is_empty(), "it has no ENTRYPOINT");
        ensure!(!image.health.is_empty(), "it has no HEALTHCHECK");
        Ok(image)
    }

    fn add(&mut self, part: &Instruction<'_>) -> Result<()> {
        match part {
            Instruction::Copy(copy) => {
                let [Source::Path(from)] = &*copy.src else {
                    bail!("a COPY of more than one");
                };
                let to = copy.dest.value.to_string();
                ensure!(to.starts_with('/'), "COPY to {to}, which is not absolute");
                self.copies.push(Copied {
                    from: from.value.to_string(),
                    to,
                    owner: owner_of(&copy.options)?,
                });
            }
            Instruction::Env(env) => {
                let (name, value) = env
                    .arguments
                    .value
                    .split_once('=')
                    .context("an ENV without a value")?;
                self.environment.insert(name.to_owned(), value.to_owned());
            }
            Instruction::User(user) => self.user = owner(&user.arguments.value)?,
            Instruction::Workdir(folder) => self.folder = folder.arguments.value.to_string(),
            Instruction::Volume(volume) => match &volume.arguments {
                JsonOrStringArray::Json(all) => {
                    let all = all.value.iter().map(|one| one.value.to_string());
                    self.volumes.extend(all);
                }
                JsonOrStringArray::String(_) => bail!("VOLUME is no list in JSON"),
            },
            Instruction::Expose(expose) => {
                let [port] = &*expose.arguments else {
                    bail!("it exposes more than one port");
                };
                self.port = port.value.parse().context("a port that is no number")?;
            }
            Instruction::Entrypoint(one) => self.entrypoint = words(&one.arguments)?,
            Instruction::Cmd(one) => self.command = words(&one.arguments)?,
            Instruction::Healthcheck(check) => match &check.arguments {
                HealthcheckArguments::Cmd { arguments, .. } => self.health = words(arguments)?,
                _ => bail!("a HEALTHCHECK without a command"),
            },
            other => bail!("an instruction that is not looked at: {other:?}"),
        }
        Ok(())
    }
}

/// The words of a program that no shell starts: there is none.
fn words(command: &Command<'_>) -> Result<Vec<String>> {
    match command {
        Command::Exec(words) => Ok(words
            .value
            .iter()
            .map(|one| one.value.to_string())
            .collect()),
        _ => bail!("a command for a shell, which the image does not have"),
    }
}

fn owner_of(options: &[Flag<'_>]) -> Result<Owner> {
    match options {
        [] => Ok(ROOT),
        [one] if one.name.value == "chown" => {
            let value = one.value.as_ref().context("--chown without a value")?;
            owner(&value.value)
        }
        _ => bail!("a COPY with other options than --chown"),
    }
}

fn owner(text: &str) -> Result<Owner> {
    let numbers = || {
        let (user, group) = text.split_once(':')?;
        Some(Owner {
            user: user.parse().ok()?,
            group: group.parse().ok()?,
        })
    };
    numbers().with_context(|| format!("{text} is no user and group by their numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dist::{PROGRAM, roots},
        workspace::Workspace,
    };

    #[test]
    fn ours_is_read() {
        let path = Workspace::open().unwrap().root().join("ops/Dockerfile");
        let image = Image::read(&path).unwrap();
        let user = Owner {
            user: 65532,
            group: 65532,
        };
        let copies: Vec<_> = image.copies.iter().map(|one| &*one.from).collect();
        assert_eq!(copies, [PROGRAM, roots::FILE, "data"]);
        assert_eq!(image.copies[0].owner, ROOT);
        assert_eq!((image.copies[2].owner, image.user), (user, user));
        assert_eq!(image.volumes, [&*image.copies[2].to]);
        assert_eq!(image.entrypoint, [&*image.copies[0].to]);
        assert_eq!(image.health[0], image.entrypoint[0]);
    }

    const GOOD: &str = r#"FROM scratch
COPY --chown=1:2 a /b
USER 1:2
EXPOSE 80
HEALTHCHECK CMD ["/b", "status"]
ENTRYPOINT ["/b"]
"#;

    #[test]
    fn what_is_not_for_such_an_image_is_refused() {
        Image::parse(GOOD).unwrap();
        for (text, replacement, words) in [
            ("FROM scratch", "FROM debian", "FROM scratch"),
            ("USER 1:2", "USER nobody", "nobody is no user"),
            ("USER 1:2", "USER 0:0", "runs as root"),
            ("USER 1:2\n", "", "runs as root"),
            ("--chown=1:2", "--chmod=755", "other options"),
            (" a /b", " a b /b/", "more than one"),
            (" a /b", " a b", "not absolute"),
            ("EXPOSE 80\n", "", "no port"),
            ("[\"/b\"]", "/b", "for a shell"),
            ("ENTRYPOINT [\"/b\"]\n", "", "no ENTRYPOINT"),
            (
                "HEALTHCHECK CMD [\"/b\", \"status\"]\n",
                "",
                "no HEALTHCHECK",
            ),
            ("EXPOSE 80", "RUN echo", "not looked at"),
        ] {
            assert!(GOOD.contains(text));
            let error = Image::parse(&GOOD.replace(text, replacement)).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(words), "{replacement}: {error}");
        }
    }
}
