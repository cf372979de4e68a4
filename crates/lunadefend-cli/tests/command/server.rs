//! A running `lunadefend`, and a client that it trusts.

use lunadefend_client::{Client, SessionIds};
use lunadefend_crypto::{GeneratedKey, RsaBits, SigningKey};
use lunadefend_http::{BaseUrl, Cleartext, HttpClient, Request};
use std::{
    io::{BufRead, BufReader, Lines, Read},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

/// The command, in an environment without settings of ours.
pub(crate) fn lunadefend() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lunadefend"));
    command.env_clear();
    command
}

pub(crate) fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| GeneratedKey::generate(RsaBits::Rsa2048).unwrap().key)
}

pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) printed: String,
    url: String,
}

impl Server {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// `lunadefend serve` on a free port. The clients come by the address that it prints.
    pub(crate) fn start_with(folder: &Path, more: &[(&str, &str)]) -> Self {
        Self::start_command(Self::serve(folder, more))
    }

    /// As [`start`](Self::start), with its log in a file of the folder.
    pub(crate) fn start_logging(folder: &Path) -> Self {
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut command = Self::serve(folder, &[]);
        command.stderr(log);
        Self::start_command(command)
    }

    pub(crate) fn serve(folder: &Path, more: &[(&str, &str)]) -> Command {
        // A file that may not grow is an error of the write, not the end of the process.
        let mut command = Command::new("/bin/sh");
        command
            .env_clear()
            .args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#])
            .arg(env!("CARGO_BIN_EXE_lunadefend"))
            .args(["serve", "--store"])
            .arg(folder.join("tokens.redb"));
        command.envs(settings()).envs(more.iter().copied());
        command
    }

    /// A `lunadefend serve` that may be started by way of something else.
    pub(crate) fn start_command(command: Command) -> Self {
        let mut server = Self::spawn(command);
        let printed = server.read_until("listening on ");
        server.url = printed
            .trim_end()
            .rsplit_once("listening on ")
            .unwrap()
            .1
            .to_owned();
        server.printed = printed;
        server
    }

    /// How large the process may make a file from now on, in bytes; `None` for any size. What a disk
    /// does that is full, as far as the process can tell.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let status = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string()])
            .arg(format!("--fsize={limit}:unlimited"))
            .status();
        assert!(status.unwrap().success());
    }

    /// The status and the body of a GET.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let http = HttpClient::builder().tls(false).build().unwrap();
        let request = Request {
            method: http::Method::GET,
            url: format!("{}{path}", self.url).into(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
            max_response: 64 * 1024,
            deadline: tokio::time::Instant::now() + Duration::from_secs(30),
        };
        let answer = http.send(request).await.unwrap();
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        (answer.status.as_u16(), body)
    }

    pub(crate) fn dev() -> Self {
        Self::dev_with(&[])
    }

    pub(crate) fn dev_with(arguments: &[&str]) -> Self {
        let mut command = lunadefend();
        command
            .args(["dev", "--addr", "127.0.0.1:0"])
            .args(arguments);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdout,
            printed: String::new(),
            url: String::new(),
        }
    }

    /// What it prints, up to the line that has `word`.
    pub(crate) fn read_until(&mut self, word: &str) -> String {
        let mut printed = String::new();
        while !printed.contains(word) {
            let read = self.stdout.read_line(&mut printed).unwrap();
            assert!(read > 0, "ended before {word:?}: {printed}");
        }
        printed
    }

    /// What it logs, line by line, when its stderr is piped. Ends with the process.
    pub(crate) fn log(&mut self) -> Lines<BufReader<ChildStderr>> {
        BufReader::new(self.child.stderr.take().unwrap()).lines()
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = Command::new("kill").args([name, &pid]).status();
        assert!(kill.unwrap().success());
    }

    /// By default its own URL says `localhost`.
    pub(crate) fn public_url(&self) -> String {
        self.url.replace("127.0.0.1", "localhost")
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        settings()
    }

    /// A client with no retries: what it acknowledges was acknowledged once.
    pub(crate) fn client(&self) -> Client {
        let parse =
            |url: &str| BaseUrl::parse(url, "TOKENIZER_URL", Cleartext::LoopbackOnly).unwrap();
        let public = parse(&self.public_url());
        Client::builder(parse(&self.url), key().clone())
            .public_tokenizer_url(public)
            .session_ids(SessionIds::Hashed)
            .max_retries(0)
            .deadline(Duration::from_secs(30))
            .build()
            .unwrap()
    }

    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; all that it printed.
    pub(crate) fn stop_and_read(mut self) -> String {
        self.signal("-TERM");
        let mut printed = std::mem::take(&mut self.printed);
        self.stdout.read_to_string(&mut printed).unwrap();
        assert!(self.child.wait().unwrap().success());
        printed
    }

    /// SIGTERM; whether it ended with 0.
    pub(crate) fn stop(mut self) -> bool {
        self.signal("-TERM");
        self.child.wait().unwrap().success()
    }
}

pub(crate) fn settings() -> Vec<(&'static str, String)> {
    vec![
        ("SECUREFRAME_HTTP_ADDR", "127.0.0.1:0".to_owned()),
        ("SESSION_PUBLIC_KEY", key().public_key().to_spki_pem()),
        ("AUTH_PROVIDERS", "http://localhost:3000".to_owned()),
        ("APPLICATION_FRONT_END", "http://localhost:3000".to_owned()),
    ]
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
