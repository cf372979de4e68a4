//! The order of calls and answers, as the clients saw it.

use crate::specification::{Answer, Call, Operation, Token};
use std::{
    fmt,
    sync::{Mutex, MutexGuard},
};
use todc_utils::{Action, History, WGLChecker};

/// Records calls and answers. What has ended before another call began did so by this record too.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Record>);

/// The events so far.
#[derive(Clone, Default)]
pub(crate) struct Record {
    calls: Vec<Recorded>,
    events: Vec<Event>,
}

#[derive(Clone, Copy)]
struct Recorded {
    call: Call,
    answer: Option<Answer>,
    /// How many answers were lost meanwhile.
    lost: usize,
}

/// With the number of the call.
#[derive(Clone, Copy)]
enum Event {
    Called(usize),
    Answered(usize),
}

impl Recorder {
    /// Notes that a call begins, and returns its number. Without an answer it may take effect at any later time, or
    /// never.
    pub(crate) fn call(&self, call: Call) -> usize {
        let mut record = self.lock();
        let number = record.calls.len();
        record.calls.push(Recorded {
            call,
            answer: None,
            lost: 0,
        });
        record.events.push(Event::Called(number));
        number
    }

    /// Notes its answer. Where answers were lost meanwhile, it may have taken effect before the one that was not.
    pub(crate) fn answer(&self, number: usize, answer: Answer, lost: usize) {
        let mut record = self.lock();
        let recorded = &mut record.calls[number];
        recorded.answer = Some(answer);
        recorded.lost = lost;
        record.events.push(Event::Answered(number));
    }

    pub(crate) fn finish(&self) -> Record {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap()
    }
}

impl Record {
    /// Whether the answers are those of one token that does one thing after the other.
    pub(crate) fn is_linearizable(&self) -> bool {
        WGLChecker::<Token>::is_linearizable(History::from_actions(self.actions()))
    }

    /// How many calls that may write had no answer.
    pub(crate) fn unknown(&self) -> usize {
        let calls = self.calls.iter();
        calls
            .filter(|recorded| recorded.call.writes() && recorded.answer.is_none())
            .count()
    }

    /// How often a client was answered that.
    pub(crate) fn count(&self, is_meant: impl Fn(Answer) -> bool) -> usize {
        let answers = self.calls.iter().filter_map(|recorded| recorded.answer);
        answers.filter(|answer| is_meant(*answer)).count()
    }

    /// The events as the checker takes them. Each operation is that of a process of its own.
    fn actions(&self) -> Vec<(usize, Action<Operation>)> {
        let mut actions = Vec::new();
        let begins = |number, operation| (number, Action::Call(operation));
        let ends = |number, operation| (number, Action::Response(operation));
        let others = self.calls.len();
        for (position, event) in self.events.iter().enumerate() {
            let at_once = |operation| {
                let number = others + position;
                [begins(number, operation), ends(number, operation)]
            };
            let (Event::Called(number) | Event::Answered(number)) = *event;
            let recorded = self.calls[number];
            let call = recorded.call;
            let effect = recorded
                .answer
                .map(|answer| Operation::Effect(call, answer));
            match (event, effect) {
                (Event::Called(_), None) if call.writes() => {
                    actions.extend(at_once(Operation::Opens(call)));
                }
                // What changes nothing, and has no answer, says nothing.
                (Event::Called(_), None) | (Event::Answered(_), None) => {}
                (Event::Called(_), Some(effect)) => {
                    if recorded.may_repeat() {
                        actions.extend(at_once(Operation::Opens(call)));
                    }
                    actions.push(begins(number, effect));
                }
                (Event::Answered(_), Some(effect)) => {
                    if recorded.may_repeat() {
                        actions.extend(at_once(Operation::Closes(call)));
                    }
                    actions.push(ends(number, effect));
                }
            }
        }
        actions
    }
}

impl Recorded {
    /// Whether it may have taken effect more than once before it was answered.
    const fn may_repeat(&self) -> bool {
        self.lost > 0 && self.call.adds_up()
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in &self.events {
            match *event {
                Event::Called(number) => {
                    let Recorded { call, answer, .. } = self.calls[number];
                    let end = if answer.is_none() {
                        ", without an answer"
                    } else {
                        ""
                    };
                    writeln!(f, "{number:>3} {call:?}{end}")?;
                }
                Event::Answered(number) => {
                    let Recorded { answer, lost, .. } = self.calls[number];
                    writeln!(f, "{number:>3} => {answer:?}, answers lost: {lost}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lunadefend_core::provider::UnixMillis;

    const UNTIL: UnixMillis = UnixMillis::new(1);
    const SET: Call = Call::Set {
        session: 0,
        until: UNTIL,
    };
    const VERIFY: Call = Call::Verify { session: 0 };
    const HELD: Answer = Answer::Grant(Some(UNTIL));
    const NONE: Answer = Answer::Grant(None);

    /// Calls that are answered at once, or never.
    fn one_by_one(steps: &[(Call, Option<Answer>)]) -> Record {
        let recorder = Recorder::default();
        for (call, answer) in steps {
            let number = recorder.call(*call);
            if let Some(answer) = answer {
                recorder.answer(number, *answer, 0);
            }
        }
        recorder.finish()
    }

    #[test]
    fn what_has_no_answer_takes_effect_at_any_later_time_or_never() {
        for (answers, expected) in [
            ([NONE, NONE], true),
            ([HELD, HELD], true),
            ([NONE, HELD], true),
            // It was seen, and nobody revoked it.
            ([HELD, NONE], false),
        ] {
            let mut steps = vec![(SET, None)];
            steps.extend(answers.map(|answer| (VERIFY, Some(answer))));
            let record = one_by_one(&steps);
            assert_eq!(record.is_linearizable(), expected, "{record}");
        }
        // Not before it began.
        let record = one_by_one(&[(VERIFY, Some(HELD)), (SET, None)]);
        assert!(!record.is_linearizable());
    }

    #[test]
    fn an_answer_that_was_lost_lets_a_call_take_effect_twice_until_it_is_answered() {
        let twice = |lost, seen_late| {
            let recorder = Recorder::default();
            let answer = |call, answer| recorder.answer(recorder.call(call), answer, 0);
            let set = recorder.call(SET);
            answer(VERIFY, HELD);
            answer(Call::RevokeAll, Answer::Done);
            answer(VERIFY, NONE);
            if seen_late {
                recorder.answer(set, Answer::Done, lost);
                answer(Call::RevokeAll, Answer::Done);
            }
            answer(VERIFY, HELD);
            if !seen_late {
                recorder.answer(set, Answer::Done, lost);
            }
            recorder.finish().is_linearizable()
        };
        assert!(!twice(0, false));
        assert!(twice(1, false));
        assert!(!twice(1, true));
    }

    #[test]
    fn one_read_gets_the_value_of_a_session_with_a_grant_and_its_repetitions() {
        let read = |read, answer| (Call::Read { session: 0, read }, Some(answer));
        let set = (SET, Some(Answer::Done));
        let first = read(1, Answer::Value);
        for (second, expected) in [
            (read(1, Answer::Value), true),
            (read(2, Answer::Refused), true),
            (read(2, Answer::Value), false),
            (read(1, Answer::Refused), false),
        ] {
            assert_eq!(
                one_by_one(&[set, first, second]).is_linearizable(),
                expected
            );
        }
        assert!(!one_by_one(&[first]).is_linearizable());
    }
}
