//! Grants and sessions in memory.

mod services;

use crate::{Call, TestClock};
use lunadefend_core::{
    Backend, Elements, Error, ErrorKind, GrantDuration, GrantedToken, Grants, SessionId, Sessions,
    VerifiedToken,
    adapter::AuthPlugin,
    provider::{Clock, GrantRequest},
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::SystemTime,
};

/// The stand-in for a `LunaDefend` and its tokenizer in a test: pass it to the `Luna` of an adapter.
///
/// It decides as a tokenizer does. A grant belongs to one session. It expires after its duration: 15 minutes
/// by default, at most an hour. The test moves its [`clock`](Self::clock). No grant of an ended session
/// counts. Each test makes its own backend; clones share one state.
///
/// It never signs anything: the redirect of a session transfer has the session id in plain text, and the key
/// set is empty.
///
/// ```
/// use lunadefend_core::{ErrorKind, GrantDuration, UntrustedToken};
/// use lunadefend_testing::{TestBackend, session, token};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), lunadefend_core::Error> {
/// let backend = TestBackend::new();
/// let ann = session("ann");
/// let page = backend.grant(&ann, &token(1));
/// let posted = || UntrustedToken::parse(page.expose_id());
/// assert!(backend.grants().verify(&ann, posted()?).await.is_ok());
///
/// backend.clock().advance(GrantDuration::DEFAULT.get());
/// let error = backend.grants().verify(&ann, posted()?).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidGrant);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestBackend {
    state: Arc<Mutex<State>>,
    clock: TestClock,
    /// Whether the test itself calls: such a call is not recorded and never fails.
    is_seeding: bool,
}

struct State {
    /// When a session's grant for a token expires.
    grants: HashMap<(String, String), SystemTime>,
    max_duration: GrantDuration,
    ended: HashSet<String>,
    refused: HashSet<String>,
    accepts_all: bool,
    fails_next: VecDeque<ErrorKind>,
    fails_always: Option<ErrorKind>,
    calls: Vec<Call>,
}

impl TestBackend {
    /// Makes a backend without grants, with its own clock.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                grants: HashMap::new(),
                max_duration: GrantDuration::DEFAULT_MAX,
                ended: HashSet::new(),
                refused: HashSet::new(),
                accepts_all: false,
                fails_next: VecDeque::new(),
                fails_always: None,
                calls: Vec::new(),
            })),
            clock: TestClock::new(),
            is_seeding: false,
        }
    }

    /// Sets the longest grant, like the setting of a tokenizer.
    #[must_use]
    pub fn with_max_duration(self, max: GrantDuration) -> Self {
        self.state().max_duration = max;
        self
    }

    /// Returns the clock by which grants expire.
    #[must_use]
    pub const fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Returns the grants, for code that takes `Grants`.
    #[must_use]
    pub fn grants(&self) -> Grants {
        Grants::new(self.clone())
    }

    /// Returns the sessions, for code that takes `Sessions`.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self.clone())
    }

    /// Returns what pages need, for code that takes `Elements`. The tokenizer and the hash of its element module
    /// are made up, the same in every version.
    #[must_use]
    pub fn elements(&self) -> Elements {
        Elements::new("https://tokenizer.example", "test.js", "sha384-test")
    }

    /// Grants a token to a session for 15 minutes, as an earlier page of the application did. Returns the
    /// token that the browser then has. [`take_calls`](Self::take_calls) does not return this call.
    ///
    /// # Panics
    /// When the session has been ended.
    #[track_caller]
    #[expect(
        clippy::expect_used,
        reason = "a test that grants what cannot be granted fails"
    )]
    pub fn grant(&self, session: &SessionId, token: &VerifiedToken) -> GrantedToken {
        let unnoticed = Self {
            is_seeding: true,
            ..self.clone()
        };
        now(unnoticed.grants().grant(session, token, None))
            .expect("the grants of a test wait for nothing")
            .expect("a session that has not been ended")
    }

    /// Accepts every token of every session from now on, for tests that are not about grants. It still
    /// refuses tokens that [`refuse`](Self::refuse) names and tokens of ended sessions.
    pub fn accept_all(&self) {
        self.state().accepts_all = true;
    }

    /// Refuses a token from every session, until it is granted again.
    pub fn refuse(&self, token: &VerifiedToken) {
        let token = token.expose_id();
        let mut state = self.state();
        state.grants.retain(|(_, held), _| held != token);
        state.refused.insert(token.to_owned());
    }

    /// Makes the next call fail, whichever it is. Called twice, it makes the next two calls fail.
    pub fn fail_next(&self, kind: ErrorKind) {
        self.state().fails_next.push_back(kind);
    }

    /// Makes every call fail until [`recover`](Self::recover).
    pub fn fail(&self, kind: ErrorKind) {
        self.state().fails_always = Some(kind);
    }

    /// Lets calls succeed again.
    pub fn recover(&self) {
        let mut state = self.state();
        state.fails_always = None;
        state.fails_next.clear();
    }

    /// Returns the calls since the last `take_calls`, including those that failed.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    /// Returns an error that says why the session holds no live grant for the token, if it holds none.
    pub(crate) fn live_grant(&self, session: &SessionId, token: &str) -> Result<(), &'static str> {
        let now = self.clock.now();
        let state = self.state();
        if state.ended.contains(session.expose_id()) {
            return Err("the session has been ended");
        }
        if state.refused.contains(token) {
            return Err("the test refuses the token");
        }
        let key = (session.expose_id().to_owned(), token.to_owned());
        match state.grants.get(&key) {
            Some(end) if now < *end => Ok(()),
            _ if state.accepts_all => Ok(()),
            Some(_) => Err("the grant has expired"),
            None if state.grants.keys().any(|(_, held)| held == token) => {
                Err("only another session was granted it")
            }
            None => Err("nobody was granted it"),
        }
    }

    /// Grants all or nothing. Of two grants for one token the later expiry counts.
    fn create(&self, session: &SessionId, grants: &[GrantRequest]) -> Result<(), Error> {
        let now = self.clock.now();
        let mut state = self.state();
        let max = state.max_duration;
        if grants.iter().any(|grant| grant.duration() > Some(max)) {
            return Err(ErrorKind::GrantDuration.into());
        }
        if state.ended.contains(session.expose_id()) {
            return Err(ErrorKind::SessionEnded.into());
        }
        for grant in grants {
            let duration = grant.duration().unwrap_or(GrantDuration::DEFAULT.min(max));
            let token = grant.token().expose_id();
            let key = (session.expose_id().to_owned(), token.to_owned());
            let end = now + duration.get();
            state.refused.remove(token);
            let held = state.grants.entry(key).or_insert(end);
            *held = end.max(*held);
        }
        Ok(())
    }

    /// Records a call, and makes it fail if the test asked for that.
    fn called(&self, call: Call) -> Result<(), Error> {
        if self.is_seeding {
            return Ok(());
        }
        let mut state = self.state();
        state.calls.push(call);
        match state.fails_next.pop_front().or(state.fails_always) {
            Some(kind) => Err(kind.into()),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the result of a future that never waits.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

impl Default for TestBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestBackend").finish_non_exhaustive()
    }
}

impl From<TestBackend> for Backend {
    fn from(backend: TestBackend) -> Self {
        Self::new(
            backend.grants(),
            backend.sessions(),
            AuthPlugin::new(backend.clone()),
            backend.elements(),
        )
    }
}

impl From<&TestBackend> for Backend {
    fn from(backend: &TestBackend) -> Self {
        backend.clone().into()
    }
}
