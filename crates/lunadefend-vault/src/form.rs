//! Versions of stored content, and how to read older ones.

use crate::{VaultError, fields::Fields};
use zeroize::Zeroizing;

/// The newest form of one kind of stored content.
///
/// A number in front says which form follows. To change a form, keep the type of the old one. Make the new
/// one its successor by [`Older`](Self::Older) and [`upgrade`](Self::upgrade), and count
/// [`VERSION`](Self::VERSION) up. Reading walks down to the written form, and up again.
pub(crate) trait Form: Sized {
    /// The form before this one; [`NoOlder`] for the first.
    type Older: Form;

    /// Counts from 1.
    const VERSION: u8;

    /// Appends what [`decode`](Self::decode) reads. A form longer than 200 bytes reserves its whole length
    /// first: growing leaves copies behind that are not wiped.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads this form.
    fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError>;

    /// Converts the previous form into this one.
    fn upgrade(older: Self::Older) -> Self;
}

/// The predecessor of the first form: none.
pub(crate) enum NoOlder {}

impl Form for NoOlder {
    type Older = Self;

    const VERSION: u8 = 0;

    fn encode(&self, _: &mut Vec<u8>) {
        match *self {}
    }

    fn decode(_: &mut Fields<'_>) -> Result<Self, VaultError> {
        Err(VaultError::Corrupt)
    }

    fn upgrade(older: Self) -> Self {
        older
    }
}

/// Writes the newest form.
pub(crate) fn write<F: Form>(form: &F) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    bytes.push(F::VERSION);
    form.encode(&mut bytes);
    bytes
}

/// Reads any form that a version of the vault has written.
pub(crate) fn read<F: Form>(bytes: &[u8]) -> Result<F, VaultError> {
    let mut fields = Fields::of(bytes);
    let version = fields.u8()?;
    if version > F::VERSION {
        return Err(VaultError::TooNew);
    }
    let form = read_version(version, &mut fields)?;
    fields.end()?;
    Ok(form)
}

fn read_version<F: Form>(version: u8, fields: &mut Fields<'_>) -> Result<F, VaultError> {
    if version == F::VERSION {
        F::decode(fields)
    } else {
        read_version(version, fields).map(F::upgrade)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three forms of one kind, as they would follow each other.
    #[derive(Debug, PartialEq, Eq)]
    struct First(u8);
    #[derive(Debug, PartialEq, Eq)]
    struct Second(u32);
    #[derive(Debug, PartialEq, Eq)]
    struct Third(u32, bool);

    impl Form for First {
        type Older = NoOlder;
        const VERSION: u8 = 1;
        fn encode(&self, out: &mut Vec<u8>) {
            out.push(self.0);
        }
        fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
            fields.u8().map(Self)
        }
        fn upgrade(older: NoOlder) -> Self {
            match older {}
        }
    }

    impl Form for Second {
        type Older = First;
        const VERSION: u8 = 2;
        fn encode(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.0.to_be_bytes());
        }
        fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
            fields.u32().map(Self)
        }
        fn upgrade(older: First) -> Self {
            Self(older.0.into())
        }
    }

    impl Form for Third {
        type Older = Second;
        const VERSION: u8 = 3;
        fn encode(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.0.to_be_bytes());
            out.push(self.1.into());
        }
        fn decode(fields: &mut Fields<'_>) -> Result<Self, VaultError> {
            Ok(Self(fields.u32()?, fields.u8()? == 1))
        }
        fn upgrade(older: Second) -> Self {
            Self(older.0, false)
        }
    }

    #[test]
    fn every_older_form_is_read() {
        assert_eq!(read::<Third>(&write(&First(7))).unwrap(), Third(7, false));
        let second = write(&Second(70_000));
        assert_eq!(read::<Third>(&second).unwrap(), Third(70_000, false));
        let third = write(&Third(70_000, true));
        assert_eq!(read::<Third>(&third).unwrap(), Third(70_000, true));
    }

    #[test]
    fn what_is_newer_is_told_from_what_is_damaged() {
        let third = write(&Third(1, true));
        assert!(matches!(read::<Second>(&third), Err(VaultError::TooNew)));
        for damaged in [&[][..], &[0], &[0, 1], &[1], &third[..4], &[1, 2, 3]] {
            let read = read::<Third>(damaged);
            assert!(matches!(read, Err(VaultError::Corrupt)), "{damaged:?}");
        }
    }
}
