//! Tokens that go out.

use super::verify::{profile_of, tokens};
use crate::{
    row::{Expected, Request, Row},
    run::{T1, T2},
};
use lunadefend::ErrorKind;
use std::time::Duration;

pub(super) fn rows() -> Vec<Row> {
    let stored = || Expected::text("stored");
    let post = |body: String| Request::post("/profile", body).by("ann");
    let read = |session: &str| Request::get("/profile").by(session);
    let lend = |duration: &str| Request::get(format!("/lend{duration}")).by("ann");
    let lent = || Expected::granted(tokens(&[T2]));
    let verify = |token: &str| Request::post("/tokens", tokens(&[token])).by("ann");
    let too_long = || Expected::error(ErrorKind::GrantDuration);
    let mut rows = vec![
        Row::new(
            "nothing to grant",
            read("ann"),
            Expected::granted(r#"{"name":"","ssn":null,"others":[]}"#),
        ),
        Row::new("stored", post(profile_of("ann", T1)), stored()),
        Row::new(
            "granted",
            read("ann"),
            Expected::granted(format!(r#"{{"name":"ann","ssn":"{T1}","others":[]}}"#)),
        ),
        Row::new(
            "another's profile",
            read("bob"),
            Expected::granted(r#"{"name":"","ssn":null,"others":[]}"#),
        ),
        Row::new(
            "stored with another",
            post(format!(
                r#"{{"name":"ann","ssn":"{T1}","others":["{T2}"]}}"#
            )),
            stored(),
        ),
        Row::new("granted for a time", lend("?duration=1h"), lent()),
        Row::new("the shortest time", lend("?duration=1s"), lent()),
        Row::new("a time in Go's words", lend("?duration=1m1.5s"), lent()),
        Row::new(
            "over the tokenizer's maximum",
            lend("?duration=1h0.001s"),
            too_long(),
        ),
        Row::new("far over it", lend("?duration=2562047h"), too_long()),
    ];
    for duration in ["0s", "999ms", "-5m", "15min", "1d", "15", "", "1%20h"] {
        let name = format!("no time: {duration:?}");
        let request = lend(&format!("?duration={duration}"));
        rows.push(Row::new(name, request, too_long()));
    }
    rows.extend([
        Row::new(
            "no time at all",
            lend(""),
            Expected::error(ErrorKind::BadRequest),
        ),
        // What the first rows of the world were granted for an hour has ended; this lives on.
        Row::new(
            "half an hour later, granted anew",
            lend("?duration=45m"),
            lent(),
        )
        .before(|world| world.clock.advance(Duration::from_secs(1800))),
        Row::new("as long as that", verify(T2), Expected::text("1"))
            .before(|world| world.clock.advance(Duration::from_secs(45 * 60 - 1))),
        Row::new(
            "and no longer",
            verify(T2),
            Expected::error(ErrorKind::InvalidGrant),
        )
        .before(|world| world.clock.advance(Duration::from_secs(1))),
        Row::new(
            "fifteen minutes by its field",
            read("ann"),
            Expected::granted(format!(
                r#"{{"name":"ann","ssn":"{T1}","others":["{T2}"]}}"#
            )),
        ),
        Row::new("nearly over", verify(T1), Expected::text("1"))
            .before(|world| world.clock.advance(Duration::from_secs(15 * 60 - 1))),
        Row::new("over", verify(T1), Expected::error(ErrorKind::InvalidGrant))
            .before(|world| world.clock.advance(Duration::from_secs(1))),
    ]);
    rows
}
