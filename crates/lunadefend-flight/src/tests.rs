use super::*;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

#[tokio::test]
async fn all_who_wait_get_what_landed() {
    let (open, opened) = oneshot::channel();
    let flight = launch(opened, |fetched: Option<Result<u64, _>>| {
        fetched.unwrap().unwrap() + 1
    });
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let flight = flight.clone();
            tokio::spawn(async move { flight.landed().await })
        })
        .collect();
    tokio::task::yield_now().await;
    open.send(6).unwrap();
    for one in waiting {
        assert_eq!(one.await.unwrap(), Some(7));
    }
    assert_eq!(flight.landed().await, Some(7), "and who comes later");
}

#[tokio::test]
async fn a_fetch_that_panics_lands_with_nothing() {
    let flight = launch(async { panic!("canary") }, |fetched: Option<()>| {
        fetched.is_none()
    });
    assert_eq!(flight.landed().await, Some(true));
}

#[tokio::test]
async fn who_goes_away_does_not_end_it() {
    let (open, opened) = oneshot::channel::<()>();
    let log = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&log);
    let flight = launch(opened, move |fetched| {
        written.lock().unwrap().push(fetched.is_some());
    });
    let caller = tokio::spawn({
        let flight = flight.clone();
        async move { flight.landed().await }
    });
    tokio::task::yield_now().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    open.send(()).unwrap();
    flight.landed().await;
    assert_eq!(*log.lock().unwrap(), [true], "landed once");
}

#[test]
fn a_runtime_that_shuts_down_lands_it_with_nothing() {
    let running = runtime();
    let (told, tell) = std::sync::mpsc::channel();
    let flight = running.block_on(async {
        let flight = launch(std::future::pending::<()>(), move |fetched| {
            told.send(fetched.is_none()).unwrap();
        });
        tokio::task::yield_now().await;
        assert!(flight.is_running());
        flight
    });
    drop(running);
    assert_eq!(tell.recv(), Ok(true));
    assert!(!flight.is_running());
}

/// Whose future is dropped when the runtime shuts down, and starts a fetch then.
struct Late<F: FnMut()>(F);

impl<F: FnMut()> Drop for Late<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_runtime_that_takes_no_task_any_more_holds_nobody_up() {
    let running = runtime();
    let state = Arc::new(Mutex::new(None));
    let shared = Arc::clone(&state);
    let late = Late(move || {
        let mut state = shared.lock().unwrap();
        let shared = Arc::clone(&shared);
        *state = Some(launch(async {}, move |_| drop(shared.lock().unwrap())));
    });
    running.block_on(async {
        tokio::spawn(async move {
            let _late = late;
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
    });
    drop(running);
    let flight = state.lock().unwrap().take().unwrap();
    assert!(!flight.is_running());
    assert_eq!(runtime().block_on(flight.landed()), None);
}

fn runtime() -> tokio::runtime::Runtime {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap()
}
