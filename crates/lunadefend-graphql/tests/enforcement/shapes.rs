//! Random schemas and random operations on them, with tokens planted in every shape of input: those that
//! are verified are those that were planted, and a single bad one stops every resolver.

mod document;
mod schema;

use crate::support::{allow, asked_about, codes, token, verified_token};
use async_graphql::{Request, Variables};
use document::Document;
use lunadefend_core::SessionId;
use lunadefend_testing::TestBackend;
use proptest::prelude::*;
use schema::Shape;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Throws dice by a seed, so that what came of it can be made again.
pub(crate) struct Dice(u64);

impl Dice {
    /// Less than `sides` (xorshift64*).
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        usize::try_from(high).unwrap() % sides
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// Gives every planted token its own number.
#[derive(Default)]
pub(crate) struct Mint(usize);

impl Mint {
    pub(crate) fn token(&mut self) -> String {
        self.0 += 1;
        token(self.0)
    }
}

struct Run {
    backend: TestBackend,
    ran: Arc<AtomicUsize>,
    schema: async_graphql::dynamic::Schema,
}

impl Run {
    fn new(shape: &Shape) -> Self {
        let backend = TestBackend::new();
        let ran = Arc::new(AtomicUsize::new(0));
        let schema = shape.build(&backend.grants(), &ran);
        Self {
            backend,
            ran,
            schema,
        }
    }

    async fn execute(&self, document: &Document, edit: impl Fn(&str) -> String) -> Vec<String> {
        let variables: serde_json::Value =
            serde_json::from_str(&edit(&document.variables.to_string())).unwrap();
        let request = Request::new(edit(&document.text))
            .operation_name("Chosen")
            .variables(Variables::from_json(variables))
            .data(SessionId::new("ann").unwrap());
        codes(&self.schema.execute(request).await)
    }

    fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }
}

fn look_at(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(async {
        let mut dice = Dice(seed | 1);
        let mut mint = Mint::default();
        let shape = Shape::throw(&mut dice, &mut mint);
        let document = Document::throw(&shape, &mut dice, &mut mint);
        let mut planted = document.planted.clone();
        planted.sort();
        planted.dedup();
        let shown = || format!("{}\n{}", document.text, document.variables);

        // All good: one call, for exactly the planted ones.
        let run = Run::new(&shape);
        run.backend.accept_all();
        let errors = run.execute(&document, str::to_owned).await;
        assert!(errors.is_empty(), "{errors:?}\n{}", shown());
        assert_eq!(asked_about(&run.backend), planted, "{}", shown());

        if planted.is_empty() {
            return;
        }
        let victim = &planted[dice.below(planted.len())];

        // One of them was never granted.
        let run = Run::new(&shape);
        allow(&run.backend, planted.iter().cloned());
        run.backend.refuse(&verified_token(victim));
        let errors = run.execute(&document, str::to_owned).await;
        assert_eq!(errors, ["invalidGrant"], "{victim}\n{}", shown());
        assert_eq!(run.ran(), 0, "{victim}\n{}", shown());

        // One of them is no token. That of a default of the schema cannot be exchanged.
        if document.text.contains(victim) || document.variables.to_string().contains(victim) {
            let run = Run::new(&shape);
            run.backend.accept_all();
            let broken = |text: &str| text.replace(victim, "4111111111111111");
            let errors = run.execute(&document, broken).await;
            assert_eq!(errors, ["badToken"], "{victim}\n{}", shown());
            assert_eq!(
                (run.ran(), run.backend.take_calls().len()),
                (0, 0),
                "{}",
                shown()
            );
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_verified_are_the_planted_and_one_bad_stops_all(seed: u64) {
        look_at(seed);
    }
}
