//! The application in real browsers, as its users start it.

lunadefend_browser_tests::example_journeys![
    env!("CARGO_BIN_EXE_warp-app"),
    lunadefend_browser_tests::Start::BesideTokenizer,
    a_person_stores_three_secrets_and_sees_them_again,
    what_is_changed_is_changed_and_the_rest_stays,
    what_is_removed_is_gone,
    another_person_sees_their_own,
    the_support_sees_the_row_and_nothing_in_it,
    every_page_is_accessible,
];
