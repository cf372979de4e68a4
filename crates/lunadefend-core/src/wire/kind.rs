//! What a value is, as the page that sends it claims.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident = $code:literal, $name:literal;)+) => {
        /// What a value is, as the page that sends it claims.
        ///
        /// # Security
        /// Nobody checks the claim but for masks: a value gets one only when it is valid for its kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum ValueKind {
            $($(#[$doc])+ $kind = $code,)+
        }

        impl ValueKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];
            /// What is said of everything else.
            pub(crate) const RULE: &str = concat!("kind is none of these:" $(, " ", $name)+);

            /// Returns the name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    /// A line of text.
    Text = 1, "text";
    /// Text of several lines.
    Textarea = 2, "textarea";
    /// An e-mail address.
    Email = 3, "email";
    /// A phone number.
    Tel = 4, "tel";
    /// A date, `YYYY-MM-DD`.
    Date = 5, "date";
    /// A social security number of the United States.
    Ssn = 6, "ssn";
    /// An international bank account number (ISO 13616).
    Iban = 7, "iban";
    /// A card number (ISO/IEC 7812).
    CardNumber = 8, "card-number";
    /// The month in which a card expires.
    CardExpiry = 9, "card-expiry";
    /// The verification code of a card, such as a CVV. It is read once, and kept for a day at most (PCI DSS 3.3).
    CardCvc = 10, "card-cvc";
    /// A file.
    File = 11, "file";
}

impl ValueKind {
    /// Returns the kind with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Returns the number of the kind, which never changes: for what is stored.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the kind with that number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}

impl Serialize for ValueKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ValueKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer).ok();
        name.and_then(|name| Self::from_name(&name))
            .ok_or_else(|| serde::de::Error::custom(Self::RULE))
    }
}
