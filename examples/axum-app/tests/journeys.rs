//! The application in real browsers, as its users start it.

lunadefend_browser_tests::example_journeys![
    env!("CARGO_BIN_EXE_axum-app"),
    lunadefend_browser_tests::Start::BesideTokenizer,
    the_whole_story,
];
