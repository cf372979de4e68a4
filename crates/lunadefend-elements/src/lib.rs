#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod file;
mod modules;
mod page;
mod released;

pub use file::File;
pub use page::{FramePage, frame_page};
pub use released::released_modules;

/// The most that each script may have, compressed with gzip, in bytes.
pub const MAX_COMPRESSED: usize = 12 * 1024;

/// Declares modules in the order in which they need each other.
macro_rules! modules {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../web/", $path)))),+]
    };
}

const ELEMENTS: &[(&str, &str)] = modules![
    "protocol.js",
    "elements/tokenizer.js",
    "elements/words.js",
    "elements/notes.js",
    "elements/style.js",
    "elements/frame.js",
    "elements/session.js",
    "elements/element.js",
    "elements/shown.js",
    "elements/messages.js",
    "elements/field.js",
    "elements/form.js",
    "elements/main.js",
];

const FRAME: &[(&str, &str)] = modules![
    "protocol.js",
    "frame/host.js",
    "frame/port.js",
    "frame/configuration.js",
    "frame/style.js",
    "frame/dom.js",
    "frame/api.js",
    "frame/session.js",
    "frame/bytes.js",
    "frame/store.js",
    "frame/files.js",
    "frame/kinds.js",
    "frame/field.js",
    "frame/input.js",
    "frame/file.js",
    "frame/fetched.js",
    "frame/shown.js",
    "frame/mask.js",
    "frame/value.js",
    "frame/image.js",
    "frame/saving.js",
    "frame/saved.js",
    "frame/main.js",
];

const REACT: &[(&str, &str)] = modules![
    "protocol.js",
    "frame/host.js",
    "frame/port.js",
    "frame/style.js",
    "frame/dom.js",
    "frame/api.js",
    "frame/session.js",
    "frame/bytes.js",
    "frame/store.js",
    "frame/files.js",
    "frame/field.js",
    "frame/fetched.js",
    "frame/shown.js",
    "frame/saving.js",
    "react/page.js",
    "react/errors.js",
    "react/validators.js",
    "react/attributes.js",
    "react/calls.js",
    "react/shown.js",
    "react/text.js",
    "react/uploader.js",
    "react/main.js",
];

/// The element module: one ES module without imports, for the application's page.
///
/// It takes the address that it was loaded from for that of the tokenizer: `<tokenizer>/elements/<name>.js`.
#[must_use]
pub fn element_module() -> File {
    File::new(modules::join(ELEMENTS), "js")
}

/// The script of the frame: one ES module without imports.
#[must_use]
pub fn frame_script() -> File {
    File::new(modules::join(FRAME), "js")
}

/// The style sheet of the frame.
#[must_use]
pub fn frame_style() -> File {
    File::new(include_str!("../web/frame.css").to_owned(), "css")
}

/// The script of the frame inside an element of LunaSec's React SDK (1.0.7): one ES module without imports.
///
/// It answers the SDK's messages, and shares its insides with [`frame_script`].
///
/// # Security
/// The SDK does not say which session its page was made for. So serve it only where the operator allows that.
#[must_use]
pub fn react_script() -> File {
    File::new(modules::join(REACT), "js")
}

/// The style sheet of that frame.
#[must_use]
pub fn react_style() -> File {
    File::new(include_str!("../web/react.css").to_owned(), "css")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    /// A file that no list names would be checked and never served.
    #[test]
    fn every_module_is_in_a_script() {
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let mut found = BTreeSet::from(["protocol.js".to_owned()]);
        for directory in ["elements", "frame", "react"] {
            for entry in fs::read_dir(web.join(directory)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                found.insert(format!("{directory}/{name}"));
            }
        }
        let listed: BTreeSet<_> = [ELEMENTS, FRAME, REACT]
            .concat()
            .into_iter()
            .map(|(path, _)| path.to_owned())
            .collect();
        assert_eq!(listed, found);
    }

    #[test]
    fn scripts_stand_alone() {
        for script in [element_module(), frame_script(), react_script()] {
            for line in script.contents().lines() {
                let line = line.trim_start();
                assert!(!line.starts_with("import "), "{line}");
                assert!(!line.starts_with("export "), "{line}");
                assert!(!line.starts_with("* ") && !line.starts_with("//"), "{line}");
            }
            assert!(script.contents().len() > 4_000);
        }
    }
}
