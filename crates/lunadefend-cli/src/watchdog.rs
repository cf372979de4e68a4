//! The watchdog of the service manager, which ends a process that answers no more: `sd_watchdog_enabled(3)`.

use crate::notify::ServiceManager;
use anyhow::{Context, Result, ensure};
use http::Request;
use lunadefend_settings::Environment;
use lunadefend_tokenizer::Tokenizer;
use std::{str::FromStr, time::Duration};
use tokio::time::{MissedTickBehavior, interval};
use tower::ServiceExt as _;

const WATCHDOG_USEC: &str = "WATCHDOG_USEC";
const WATCHDOG_PID: &str = "WATCHDOG_PID";

const ADVICE: &str = "unset WATCHDOG_USEC and WATCHDOG_PID if no service manager has set them";

/// A watchdog, if this process has one.
pub(crate) struct Watchdog(Option<Duration>);

impl Watchdog {
    /// Finds the watchdog of the process `pid` as the service manager says it: in `WATCHDOG_USEC`, and in
    /// `WATCHDOG_PID` when it may be that of another process.
    ///
    /// # Errors
    /// When these are no numbers, or there is no time at all.
    pub(crate) fn find(environment: &impl Environment, pid: u32) -> Result<Self> {
        let Some(micros) = number::<u64>(environment, WATCHDOG_USEC)? else {
            return Ok(Self(None));
        };
        let whose = number::<u32>(environment, WATCHDOG_PID)?;
        if whose.is_some_and(|whose| whose != pid) {
            return Ok(Self(None));
        }
        // Half of it must be some time.
        ensure!(micros > 1, "WATCHDOG_USEC is no time: {ADVICE}");
        Ok(Self(Some(Duration::from_micros(micros))))
    }

    /// Says while it is polled that the process is alive, each time that half of the watchdog's time has passed and
    /// `answers` says so. An answer that never comes keeps it silent, as the service manager must hear nothing then.
    pub(crate) async fn feed(self, manager: &ServiceManager, answers: impl AsyncFn() -> bool) {
        let Some(time) = self.0 else {
            return std::future::pending().await;
        };
        let mut ticks = interval(time / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if answers().await {
                manager.alive();
            }
        }
    }
}

/// Returns whether the tokenizer answers `GET /live`, asked on a thread that serves requests.
///
/// The state of the store does not count: a restart would not mend it.
pub(crate) async fn answers(tokenizer: &Tokenizer) -> bool {
    let mut request = Request::new(String::new());
    *request.uri_mut() = http::Uri::from_static("/live");
    let answer = tokio::spawn(tokenizer.clone().oneshot(request)).await;
    matches!(answer, Ok(Ok(response)) if response.status().is_success())
}

fn number<N: FromStr>(environment: &impl Environment, name: &str) -> Result<Option<N>> {
    let Some(value) = environment.get(name) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.expose_secret()).ok();
    let number = text.and_then(|text| text.parse().ok());
    let number = number.with_context(|| format!("{name} is no number: {ADVICE}"))?;
    Ok(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_settings::FixedEnvironment;
    use std::{
        cell::Cell,
        future::{pending, poll_fn},
        os::unix::net::UnixDatagram,
        pin::pin,
        task::Poll,
    };
    use tokio::time::advance;

    fn find(variables: &[(&str, &str)]) -> Result<Option<Duration>> {
        let environment = FixedEnvironment::from_iter(variables.iter().copied());
        Watchdog::find(&environment, 7).map(|found| found.0)
    }

    #[test]
    fn the_time_is_that_of_the_environment_unless_it_is_another_process_s() {
        let second = Some(Duration::from_secs(1));
        let usec = (WATCHDOG_USEC, "1000000");
        assert_eq!(find(&[usec]).unwrap(), second);
        assert_eq!(find(&[usec, (WATCHDOG_PID, "7")]).unwrap(), second);
        assert_eq!(find(&[usec, (WATCHDOG_PID, "8")]).unwrap(), None);
        assert_eq!(find(&[(WATCHDOG_PID, "7")]).unwrap(), None);
        assert_eq!(find(&[]).unwrap(), None);
    }

    #[test]
    fn what_no_service_manager_says_is_refused() {
        let usec = (WATCHDOG_USEC, "1000000");
        for variables in [
            &[(WATCHDOG_USEC, "1s")][..],
            &[(WATCHDOG_USEC, "")],
            &[(WATCHDOG_USEC, "0")],
            &[(WATCHDOG_USEC, "1")],
            &[usec, (WATCHDOG_PID, "mine")],
        ] {
            let error = format!("{:#}", find(variables).unwrap_err());
            assert!(error.contains("unset WATCHDOG_USEC"), "{error}");
        }
    }

    /// What the process says while a future is polled as far as it goes, once for each step of time.
    struct Heard {
        socket: UnixDatagram,
        manager: ServiceManager,
        _folder: tempfile::TempDir,
    }

    impl Heard {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("notify");
            let socket = UnixDatagram::bind(&path).unwrap();
            socket.set_nonblocking(true).unwrap();
            let environment =
                FixedEnvironment::from_iter([("NOTIFY_SOCKET", path.to_str().unwrap())]);
            let manager = ServiceManager::find(&environment).unwrap();
            Self {
                socket,
                manager,
                _folder: folder,
            }
        }

        /// How many signs of life came so far, and nothing else did.
        fn signs(&self) -> usize {
            let mut message = [0; 64];
            let mut count = 0;
            while let Ok(length) = self.socket.recv(&mut message) {
                assert_eq!(&message[..length], b"WATCHDOG=1");
                count += 1;
            }
            count
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_process_that_answers_says_so_at_half_of_the_time_and_another_says_nothing() {
        let heard = Heard::new();
        let well = Cell::new(true);
        let answers = async || well.get();
        let mut feeding = pin!(Watchdog(Some(2 * SECOND)).feed(&heard.manager, answers));
        let mut signs_after = async |time| {
            advance(time).await;
            poll_fn(|context| {
                assert!(feeding.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            heard.signs()
        };
        assert_eq!(signs_after(Duration::ZERO).await, 1);
        assert_eq!(signs_after(SECOND - Duration::from_millis(1)).await, 0);
        assert_eq!(signs_after(Duration::from_millis(1)).await, 1);
        well.set(false);
        assert_eq!(signs_after(SECOND).await, 0);
        well.set(true);
        assert_eq!(signs_after(SECOND).await, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_while_no_answer_comes_or_nobody_wants_to_hear() {
        let heard = Heard::new();
        for (watchdog, expected) in [
            (Watchdog(None), "nobody listens"),
            (Watchdog(Some(2 * SECOND)), "no answer comes"),
        ] {
            let answers = async || match expected {
                "nobody listens" => true,
                _ => pending().await,
            };
            let feeding = watchdog.feed(&heard.manager, answers);
            let hour = tokio::time::timeout(3600 * SECOND, feeding).await;
            assert!(hour.is_err(), "{expected}");
            assert_eq!(heard.signs(), 0, "{expected}");
        }
    }
}
