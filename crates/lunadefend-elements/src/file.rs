//! A file of the browser half, under a name that stands for its contents.

use lunadefend_crypto::{hex, sha256, sha384};

/// A file that every tokenizer of this version serves, byte for byte the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    name: String,
    contents: String,
}

impl File {
    pub(crate) fn new(contents: String, extension: &str) -> Self {
        let hash = sha256(contents.as_bytes());
        Self {
            name: format!("{}.{extension}", hex(&hash[..16])),
            contents,
        }
    }

    /// Returns its name: the first 16 bytes of the SHA-256 of its contents in hexadecimal, and an extension. Caches
    /// may keep it for ever.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its contents.
    #[must_use]
    pub fn contents(&self) -> &str {
        &self.contents
    }

    /// Returns the value of the attribute `integrity` in HTML, by SHA-384 (W3C, Subresource Integrity).
    #[must_use]
    pub fn integrity(&self) -> String {
        let hash = lunadefend_crypto::base64(&sha384(self.contents.as_bytes()));
        format!("sha384-{hash}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_and_the_integrity_are_of_the_contents() {
        let file = File::new("abc".to_owned(), "js");
        assert_eq!(file.name(), "ba7816bf8f01cfea414140de5dae2223.js");
        // `printf abc | openssl dgst -sha384 -binary | openssl base64 -A`
        assert_eq!(
            file.integrity(),
            "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn"
        );
        assert_ne!(File::new("abd".to_owned(), "js").name(), file.name());
    }
}
