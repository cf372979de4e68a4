//! A proxy with the configuration of the documentation.

use crate::soak::tools;
use crate::soak::{MOMENT, port::HeldPort};
use anyhow::{Context as _, Result, bail, ensure};
use lunadefend_process::Process;
use std::{
    fmt, fs,
    net::TcpStream,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proxy {
    Nginx,
    Haproxy,
}

/// What the proxy offers to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http2,
    Http1,
}

/// What the documentation's text is changed in.
pub(super) struct Settings<'a> {
    pub(super) proxy: Proxy,
    pub(super) protocol: Protocol,
    pub(super) folder: &'a Path,
    /// Addresses: its own, the application's, the tokenizer's.
    pub(super) listen: String,
    pub(super) app: String,
    pub(super) tokenizer: String,
    /// How long idle connections to the tokenizer are kept, where that is to be short.
    pub(super) idle: Option<Duration>,
}

/// A running proxy.
pub(super) struct Front {
    _process: Process,
    _port: HeldPort,
}

/// Starts it, and waits until it takes connections.
pub(super) fn start(settings: &Settings<'_>, docs: &str, port: HeldPort) -> Result<Front> {
    let addr = settings.listen.clone();
    let text = adapt(settings, block(docs, settings.proxy)?)?;
    let folder = settings.folder.display();
    let (name, text, arguments) = match settings.proxy {
        Proxy::Nginx => {
            fs::create_dir_all(settings.folder.join("tmp"))?;
            let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .iter()
                .map(|kind| format!("{kind}_temp_path {folder}/tmp/{kind};\n"))
                .collect();
            let text = format!(
                "daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nworker_rlimit_nofile 4096;\nevents {{ worker_connections 2048; }}\nhttp {{\n{temporary}{text}\n}}\n"
            );
            (
                "nginx",
                text,
                vec![
                    "-e".to_owned(),
                    format!("{folder}/error.log"),
                    "-c".to_owned(),
                ],
            )
        }
        Proxy::Haproxy => (
            "haproxy",
            text,
            vec!["-db".to_owned(), "-q".to_owned(), "-f".to_owned()],
        ),
    };
    let path = settings.folder.join(format!("{name}.cfg"));
    fs::write(&path, text)?;
    let path = path.display().to_string();
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.push(&path);
    let process = Process::start(&tools::path_of(name)?, &arguments, &[])?;
    let begun = Instant::now();
    while TcpStream::connect(&addr).is_err() {
        if begun.elapsed() > MOMENT {
            bail!("{name} takes no connections; its configuration is {path}");
        }
        sleep(Duration::from_millis(20));
    }
    Ok(Front {
        _process: process,
        _port: port,
    })
}

/// The block of the documentation that configures this proxy.
fn block(docs: &str, proxy: Proxy) -> Result<&str> {
    let start = format!("```{proxy}\n");
    let (_, rest) = docs
        .split_once(&start)
        .with_context(|| format!("docs/proxies.md has no block for {proxy}"))?;
    let (block, rest) = rest
        .split_once("```\n")
        .context("a block that does not end")?;
    ensure!(
        !rest.contains(&start),
        "docs/proxies.md has two blocks for {proxy}"
    );
    Ok(block)
}

/// Nothing but names, ports, files and, where it is asked for, the protocol and the idle time.
fn adapt(settings: &Settings<'_>, text: &str) -> Result<String> {
    let folder = settings.folder.display().to_string();
    let listen = &settings.listen;
    let mut changes = vec![
        ("127.0.0.1:17766".to_owned(), settings.tokenizer.clone()),
        ("127.0.0.1:3000".to_owned(), settings.app.clone()),
        ("tokenizer.example.com".to_owned(), "127.0.0.1".to_owned()),
    ];
    let mut change = |from: &str, to: String| changes.push((from.to_owned(), to));
    match settings.proxy {
        Proxy::Nginx => {
            change("app.example.com", "localhost".to_owned());
            change("listen 443 ", format!("listen {listen} "));
            change("/etc/nginx/", format!("{folder}/"));
            change("/var/log/nginx/", format!("{folder}/"));
            if settings.protocol == Protocol::Http1 {
                change(" ssl http2;", " ssl;".to_owned());
            }
            if let Some(idle) = settings.idle {
                change(
                    "keepalive_timeout 60s",
                    format!("keepalive_timeout {}s", idle.as_secs()),
                );
            }
        }
        Proxy::Haproxy => {
            change("bind :443 ", format!("bind {listen} "));
            change("/etc/haproxy/site.pem", format!("{folder}/both.pem"));
            if settings.protocol == Protocol::Http1 {
                change("alpn h2,http/1.1", "alpn http/1.1".to_owned());
            }
            if let Some(idle) = settings.idle {
                // Each time half of them are given up.
                let often = idle.as_millis() / 16;
                change(
                    " check inter 2s",
                    format!(" pool-purge-delay {often}ms check inter 2s"),
                );
            }
        }
    }
    let mut text = text.to_owned();
    for (from, to) in changes {
        ensure!(
            text.contains(&from),
            "docs/proxies.md: {} has no `{from}`",
            settings.proxy
        );
        text = text.replace(&from, &to);
    }
    Ok(text)
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http2 => "HTTP/2",
            Self::Http1 => "HTTP/1.1",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCS: &str = include_str!("../../../../docs/proxies.md");

    #[test]
    fn the_documentation_has_every_name_that_is_changed() {
        for proxy in [Proxy::Nginx, Proxy::Haproxy] {
            let settings = Settings {
                proxy,
                protocol: Protocol::Http1,
                folder: Path::new("/folder"),
                listen: "127.0.0.1:1".to_owned(),
                app: "127.0.0.1:2".to_owned(),
                tokenizer: "127.0.0.1:4".to_owned(),
                idle: Some(Duration::from_secs(4)),
            };
            let text = adapt(&settings, block(DOCS, proxy).unwrap()).unwrap();
            for left in ["example.com", "17766", ":3000", "443", "/etc/", "/var/"] {
                assert!(!text.contains(left), "{left} is left in {text}");
            }
        }
        assert!(block("no block", Proxy::Nginx).is_err());
    }
}
