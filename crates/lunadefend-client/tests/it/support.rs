//! A scripted server, and a client of it.

use lunadefend_client::{Client, ClientBuilder, SessionIds};
use lunadefend_core::{
    Error, SessionId,
    provider::{GrantRequest, GrantService, TokenId, Verdict},
    wire::DISCOVERY_PATH,
};
use lunadefend_crypto::SigningKey;
use lunadefend_http::{BaseUrl, Cleartext};
use lunadefend_jwt::JwtProfile;
use lunadefend_testing::TestClock;
use std::{
    error::Error as StdError,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Notify,
};

pub(crate) const T1: &str = "lunasec-0a1b2c3d-1111-4222-8333-444455556666";
pub(crate) const T2: &str = "lunasec-99999999-AAAA-4bbb-8CCC-ddddEEEE0000";
const KEY: &[u8] = include_bytes!("../../testdata/signing_key.der");

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    /// The one header of that name.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(found, _)| found == name);
        let (Some((_, value)), None) = (found.next(), found.next()) else {
            panic!("{name} must be there once: {:?}", self.headers);
        };
        value
    }

    /// Whether it is for the discovery document.
    pub(crate) fn is_discovery(&self) -> bool {
        self.target.ends_with(DISCOVERY_PATH)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// The server's reaction to a request.
pub(crate) enum Act {
    /// Sends these bytes and closes.
    Send(Vec<u8>),
    /// Sends these bytes, then one byte every 20 ms for ever.
    Drip(Vec<u8>),
    /// Sends these bytes when it is notified.
    Hold(Arc<Notify>, Vec<u8>),
    /// Sends these bytes, then nothing more.
    Stall(Vec<u8>),
    /// Never responds.
    Hang,
    /// Resets the connection.
    Reset,
}

/// A scripted tokenizer. Requests for its discovery document are counted apart.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Recorded>>>,
    discoveries: Arc<Mutex<Vec<Recorded>>>,
}

impl Server {
    /// Responds to each request by `script`, which also gets its number from 0. It speaks wire level 1 only.
    pub(crate) async fn start(
        script: impl Fn(usize, &Recorded) -> Act + Send + Sync + 'static,
    ) -> Self {
        Self::offering(|_, _| Act::Send(not_found()), script).await
    }

    /// The same with responses of `discovery` to requests for the discovery document, by their number.
    pub(crate) async fn offering(
        discovery: impl Fn(usize, &Recorded) -> Act + Send + Sync + 'static,
        script: impl Fn(usize, &Recorded) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let discoveries = Arc::new(Mutex::new(Vec::new()));
        let (log, asked) = (Arc::clone(&requests), Arc::clone(&discoveries));
        let (script, discovery) = (Arc::new(script), Arc::new(discovery));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, discovery) = (Arc::clone(&script), Arc::clone(&discovery));
                let (log, asked) = (Arc::clone(&log), Arc::clone(&asked));
                tokio::spawn(serve(stream, move |request| {
                    if request.is_discovery() {
                        discovery(numbered(&asked, request), request)
                    } else {
                        script(numbered(&log, request), request)
                    }
                }));
            }
        });
        Self {
            url,
            requests,
            discoveries,
        }
    }

    /// Gives the same response to everything.
    pub(crate) async fn answering(answer: Vec<u8>) -> Self {
        Self::start(move |_, _| Act::Send(answer.clone())).await
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn discoveries(&self) -> Vec<Recorded> {
        self.discoveries.lock().unwrap().clone()
    }

    pub(crate) fn client(&self) -> ClientBuilder {
        client_of(&self.url)
    }
}

/// Keeps a request; returns its number.
fn numbered(log: &Mutex<Vec<Recorded>>, request: &Recorded) -> usize {
    let mut log = log.lock().unwrap();
    log.push(request.clone());
    log.len() - 1
}

/// An address at which nothing listens.
pub(crate) struct Nobody {
    pub(crate) url: String,
    /// Bound, so that no other process gets the port.
    _socket: TcpSocket,
}

impl Nobody {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            url: format!("http://{}", socket.local_addr().unwrap()),
            _socket: socket,
        }
    }
}

async fn serve(mut stream: TcpStream, act: impl Fn(&Recorded) -> Act) {
    let Some(request) = read_request(&mut stream).await else {
        return;
    };
    match act(&request) {
        Act::Send(bytes) => {
            let _ = stream.write_all(&bytes).await;
        }
        Act::Drip(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let mut tick = tokio::time::interval(Duration::from_millis(20));
            loop {
                tick.tick().await;
                if stream.write_all(b" ").await.is_err() {
                    return;
                }
            }
        }
        Act::Hold(open, bytes) => {
            open.notified().await;
            let _ = stream.write_all(&bytes).await;
        }
        Act::Stall(bytes) => {
            let _ = stream.write_all(&bytes).await;
            std::future::pending().await
        }
        Act::Hang => std::future::pending().await,
        Act::Reset => stream.set_zero_linger().unwrap(),
    }
}

pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<Recorded> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(request) = parse(&bytes) {
            return Some(request);
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Recorded> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut start = lines.next().unwrap().split(' ');
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, length)| length.parse().unwrap());
    let body = bytes[end + 4..].get(..length)?.to_vec();
    Some(Recorded {
        method: start.next().unwrap().to_owned(),
        target: start.next().unwrap().to_owned(),
        headers,
        body,
    })
}

/// A response with these headers (each line ended) and a body of known length.
pub(crate) fn answer(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer = format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

pub(crate) fn json(status: u16, body: &str) -> Vec<u8> {
    answer(status, "content-type: application/json\r\n", body)
}

/// The response of a tokenizer, or of another server, that has no such route.
pub(crate) fn not_found() -> Vec<u8> {
    answer(404, "content-type: text/plain\r\n", "404 page not found\n")
}

pub(crate) fn yes(data: &str) -> Vec<u8> {
    json(
        200,
        &format!(r#"{{"success":true,"error":{{}},"data":{data}}}"#),
    )
}

pub(crate) fn signing_key() -> SigningKey {
    SigningKey::parse(KEY, "test").unwrap()
}

pub(crate) fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url, "TOKENIZER_URL", Cleartext::LoopbackOnly).unwrap()
}

/// A client like LunaSec's SDK, at a frozen time, that never waits for long.
pub(crate) fn client_of(url: &str) -> ClientBuilder {
    Client::builder(base(url), signing_key())
        .jwt_profile(JwtProfile::LunaSec)
        .session_ids(SessionIds::Raw)
        .clock(Arc::new(TestClock::new()))
        .deadline(Duration::from_secs(10))
}

pub(crate) fn session() -> SessionId {
    SessionId::new("session-abc").unwrap()
}

pub(crate) fn token(text: &str) -> TokenId {
    TokenId::parse(text).unwrap()
}

pub(crate) fn grant(text: &str, duration: Option<&str>) -> GrantRequest {
    GrantRequest::new(token(text), duration.map(|text| text.parse().unwrap()))
}

pub(crate) async fn verify(client: &Client) -> Result<Verdict, Error> {
    let verdicts = client.verify_all(&session(), &[token(T1)]).await?;
    assert_eq!(verdicts.len(), 1);
    Ok(verdicts[0])
}

pub(crate) async fn create(client: &Client) -> Result<(), Error> {
    client.grant_all(&session(), &[grant(T1, None)]).await
}

/// Everything that can be printed of an error.
pub(crate) fn shown(error: &Error) -> String {
    let mut shown = format!("{error:?} {}", serde_json::to_string(error).unwrap());
    let mut cause: Option<&dyn StdError> = Some(error);
    while let Some(error) = cause {
        shown.push_str(&format!(" | {error} {error:?}"));
        cause = error.source();
    }
    shown
}
