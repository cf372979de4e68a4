//! The application as its users start it, and as they use it.

use lunadefend_tests::walk::{Walk, run};

#[test]
fn every_step_of_its_check_goes_as_it_must() -> anyhow::Result<()> {
    run(env!("CARGO_BIN_EXE_actix-app"), Walk::Profiles)
}
