//! What the proxies need besides.

use crate::command::{self, program};
use anyhow::{Context as _, Result, bail};
use std::{fs, path::Path};

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
