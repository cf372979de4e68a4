//! The application in real browsers, as its users start it.

lunadefend_browser_tests::example_journeys![
    env!("CARGO_BIN_EXE_quickstart"),
    lunadefend_browser_tests::Start::Alone,
    the_whole_story,
];
