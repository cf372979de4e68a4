//! The process of a contender: it makes the load, and measures it.

mod load;
mod plain;
mod record;
mod sdk;
mod socket;
mod template;

use crate::job::{Job, Work};
use anyhow::{Context, Result, bail};
use load::Caller;
use lunadefend::SessionId;
use lunadefend_crypto::{SigningKey, random_bytes};
use lunadefend_jwt::{JwtProfile, JwtSigner};
use plain::PlainLoop;
pub(crate) use record::record;
use sdk::Handler;
use socket::{Connection, Plan};
use std::{
    fs, io,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, SystemTime},
};
use template::Jwts;

/// How long the load runs before it is measured: until connections, pools and caches are as they stay.
const WARM: Duration = Duration::from_millis(30);

/// What each caller of a client is made of.
struct Client {
    job: Job,
    tokens: Arc<[String]>,
    next: Arc<AtomicU64>,
    salt: u64,
    allocations: fn() -> Option<u64>,
}

/// Takes a job from the standard input, and then works for so many milliseconds as each further line says.
///
/// It says `ready` when it has read its job. For each line it says `warm`, waits for the line `go`, and says `done` with
/// what it has done.
pub(crate) async fn run(say: fn(&str), allocations: fn() -> Option<u64>) -> Result<()> {
    let job: Job = serde_json::from_str(&line()?.context("no job")?)?;
    let tokens = fs::read_to_string(&job.tokens)?;
    let client = Client {
        tokens: tokens.lines().map(str::to_owned).collect(),
        next: Arc::default(),
        salt: u64::from_be_bytes(random_bytes()?),
        job,
        allocations,
    };
    let address = client.job.address;
    let url = format!("http://localhost:{}", address.port());
    match client.job.work {
        Work::Socket(request) => {
            let connect = async |client: &Client| {
                let plan = Arc::new(Plan::new(
                    request,
                    address,
                    &jwts(&client.job.key, &url)?,
                    client.tokens.clone(),
                    client.next.clone(),
                    client.salt,
                ));
                let mut connections = Vec::new();
                for _ in 0..client.job.in_flight {
                    connections.push(Connection::open(plan.clone()).await?);
                }
                Ok(connections)
            };
            client.work(say, connect).await
        }
        Work::Reqwest => {
            let http = plain::client()?;
            let loops = async |client: &Client| {
                let one = jwts(&client.job.key, &url)?.application.into();
                let one = |_| PlainLoop {
                    client: http.clone(),
                    url: format!("http://{address}/grant/verify"),
                    jwt: Arc::clone(&one),
                    tokens: client.tokens.clone(),
                    next: client.next.clone(),
                };
                Ok((0..client.job.in_flight).map(one).collect())
            };
            client.work(say, loops).await
        }
        Work::Sdk { level, tokens } => {
            let session = SessionId::new("the session of an application")?;
            let key = &client.job.key;
            let luna = sdk::application(&url, key, level, &session, &client.tokens).await?;
            let handlers = async |client: &Client| {
                let one = |_| Handler {
                    luna: luna.clone(),
                    session: session.clone(),
                    tokens: client.tokens.clone(),
                    next: client.next.clone(),
                    list: tokens,
                };
                Ok((0..client.job.in_flight).map(one).collect())
            };
            client.work(say, handlers).await
        }
    }
}

impl Client {
    /// Works in slices of time, each with new callers.
    async fn work<C: Caller>(
        &self,
        say: fn(&str),
        callers: impl AsyncFn(&Self) -> Result<Vec<C>>,
    ) -> Result<()> {
        say("ready");
        while let Some(line) = line()? {
            let time = Duration::from_millis(line.parse()?);
            let (callers, _) = load::run(callers(self).await?, WARM).await?;
            say("warm");
            if self::line()?.as_deref() != Some("go") {
                bail!("expected `go`");
            }
            let before = (self.allocations)();
            let (_, mut done) = load::run(callers, time).await?;
            let counted = (self.allocations)().zip(before);
            done.allocations = counted.map(|(after, before)| after - before);
            say(&format!("done {}", serde_json::to_string(&done)?));
        }
        Ok(())
    }
}

/// Signs JWTs for a tokenizer, that are valid for longer than a slice.
fn jwts(key: &str, url: &str) -> Result<Jwts> {
    let key = SigningKey::parse(key.as_bytes(), "the key of the bench")?;
    let signer = JwtSigner::new(key, JwtProfile::Hardened, url);
    let now = SystemTime::now();
    let session = SessionId::new(crate::job::READER)?;
    Ok(Jwts {
        application: signer.application(now)?.expose_secret().to_owned(),
        user: signer.user(&session, now)?.expose_secret().to_owned(),
    })
}

/// The next line of the standard input; `None` at its end. No task waits meanwhile that is to be measured.
fn line() -> Result<Option<String>> {
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}
