//! The programs that the proxies' soak needs, and what they make.

use crate::command::{self, program};
use anyhow::{Context as _, Result, bail};
use std::{fs, path::Path};

/// Debian's packages of the same names.
const NEEDED: [&str; 3] = ["nginx", "haproxy", "openssl"];

/// Installs what is missing where that is possible.
pub(super) fn install() -> Result<()> {
    let is_there = |name: &str| {
        let look = format!("PATH=$PATH:/usr/sbin:/sbin command -v {name}");
        command::succeeds(program("sh", Path::new("/")).args(["-c", &look]))
    };
    let missing: Vec<_> = NEEDED.into_iter().filter(|name| !is_there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let root = command::answer(program("id", Path::new("/")).arg("-u"));
    if root.as_deref() != Some("0") || !is_there("apt-get") {
        bail!(
            "not installed: {}; install them and ask again",
            missing.join(", ")
        );
    }
    let mut apt = program("apt-get", Path::new("/"));
    apt.args(["install", "-y", "-qq", "--no-install-recommends"]);
    // Installing them is not to start them: they would take ports 80 and 443.
    apt.env("RUNLEVEL", "1")
        .env("DEBIAN_FRONTEND", "noninteractive");
    command::run(apt.args(&missing)).context("cannot install the proxies")
}

/// Where Debian has a proxy.
pub(super) fn path_of(name: &str) -> Result<std::path::PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
    paths
        .find(|path| path.is_file())
        .with_context(|| format!("there is no {name}"))
}

/// A CA in `ca.pem`, and a certificate for this machine in `site.pem` and `site.key`; both together in
/// `both.pem`.
pub(super) fn make_certificates(folder: &Path) -> Result<()> {
    const KEY: &[&str] = &[
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ];
    fs::write(
        folder.join("site.ext"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
    )?;
    let openssl = |arguments: &[&str]| -> Result<()> {
        let mut openssl = program("openssl", folder);
        let output = openssl
            .args(arguments)
            .output()
            .context("cannot run openssl")?;
        if !output.status.success() {
            bail!("openssl: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    };
    openssl(
        &[
            &[
                "req", "-x509", "-days", "2", "-subj", "/CN=soak", "-keyout", "ca.key", "-out",
                "ca.pem",
            ],
            KEY,
        ]
        .concat(),
    )?;
    openssl(
        &[
            &[
                "req",
                "-subj",
                "/CN=localhost",
                "-keyout",
                "site.key",
                "-out",
                "site.csr",
            ],
            KEY,
        ]
        .concat(),
    )?;
    openssl(&[
        "x509",
        "-req",
        "-in",
        "site.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "site.ext",
        "-out",
        "site.pem",
    ])?;
    let both = [
        fs::read(folder.join("site.pem"))?,
        fs::read(folder.join("site.key"))?,
    ]
    .concat();
    Ok(fs::write(folder.join("both.pem"), both)?)
}

/// The application's, in `signing-key.pem`.
pub(super) fn make_signing_key(folder: &Path, lunadefend: &Path) -> Result<()> {
    let path = folder.join("signing-key.pem");
    if !command::succeeds(program(lunadefend, folder).arg("keygen").arg(path)) {
        bail!("lunadefend keygen made no key");
    }
    Ok(())
}
