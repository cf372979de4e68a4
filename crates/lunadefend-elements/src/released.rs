//! The element modules of the last releases, which pages of older applications name.

use crate::File;

/// Each by its name; a test compares the list with the folder, and writes it.
const RELEASED: &[(&str, &str)] = include!("../released/list.in");

/// Returns the element modules of the last releases.
///
/// They speak with the frame of this version.
#[must_use]
pub fn released_modules() -> Vec<File> {
    RELEASED
        .iter()
        .map(|(_, contents)| File::new((*contents).to_owned(), "js"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that was changed would be served under another name, and pages would not find it.
    #[test]
    fn a_name_is_that_of_the_contents() {
        for ((name, _), file) in RELEASED.iter().zip(released_modules()) {
            assert_eq!(*name, file.name());
        }
    }
}
