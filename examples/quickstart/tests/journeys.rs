//! The application in real browsers, as its users start it. It is axum-app, whose tests go through all of its pages.

lunadefend_browser_tests::example_journeys![
    env!("CARGO_BIN_EXE_quickstart"),
    lunadefend_browser_tests::Start::Alone,
    a_person_stores_three_secrets_and_sees_them_again,
];
