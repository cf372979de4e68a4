//! The application as its users start it.

#[test]
fn every_step_of_its_check_goes_as_it_must() -> anyhow::Result<()> {
    app_common::run_once(env!("CARGO_BIN_EXE_actix-app"))
}
