//! Names: one component of a path, checked once.
//!
//! A [`Name`] is what a directory can hold: 1 to 255 bytes, no slash, no NUL, and neither `.` nor
//! `..` (those are instructions to the path walk, not entries). File systems receive names only in
//! this form, so none of them has to check again. A name is bytes, not text: Linux programs may
//! use any encoding, and the kernel has no opinion.
//!
//! A name carries its hash, because whoever finds a component's end has looked at every byte of it.

use base::{Error, Result};

/// The longest name, in bytes, that a directory entry may have.
pub const NAME_MAX: usize = 255;

/// The longest path a call accepts, in bytes, counting the NUL that ends it in user memory.
pub const PATH_MAX: usize = 4096;

/// How many symbolic links one walk follows before it gives up with [`Error::SymlinkLoop`].
pub const SYMLINK_MAX: usize = 40;

/// A checked directory entry name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name<'a> {
    bytes: &'a [u8],
    hash: u64,
}

/// Byte by byte: times 33, then the byte (Bernstein). The name cache compares names where hashes agree.
#[derive(Clone, Copy)]
pub(crate) struct NameHash(u64);

impl NameHash {
    pub(crate) const START: Self = Self(5381);

    #[inline]
    pub(crate) fn with(self, byte: u8) -> Self {
        Self((self.0 << 5).wrapping_add(self.0) ^ u64::from(byte))
    }

    /// The hash of a whole name.
    pub(crate) fn of(name: &[u8]) -> u64 {
        name.iter()
            .fold(Self::START, |hash, &byte| hash.with(byte))
            .0
    }
}

impl<'a> Name<'a> {
    /// Checks `bytes` and makes a name of them.
    ///
    /// `.` and `..` are [`Error::InvalidArgument`], a name over [`NAME_MAX`] is
    /// [`Error::NameTooLong`], an empty one [`Error::NotFound`].
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::NotFound);
        }
        if bytes.len() > NAME_MAX {
            return Err(Error::NameTooLong);
        }
        if bytes == b"." || bytes == b".." || bytes.iter().any(|&byte| byte == b'/' || byte == 0) {
            return Err(Error::InvalidArgument);
        }
        let hash = NameHash::of(bytes);
        Ok(Self { bytes, hash })
    }

    /// A component that was found to be not empty, neither `.` nor `..`, and without slash or NUL.
    #[inline]
    pub(crate) fn scanned(bytes: &'a [u8], hash: NameHash) -> Result<Self> {
        if bytes.len() > NAME_MAX {
            return Err(Error::NameTooLong);
        }
        Ok(Self {
            bytes,
            hash: hash.0,
        })
    }

    /// The name's bytes.
    #[inline]
    pub fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    #[inline]
    pub(crate) fn hash(self) -> u64 {
        self.hash
    }

    /// The name as text, when it is UTF-8 (procfs and devfs names are).
    pub fn as_str(self) -> Option<&'a str> {
        core::str::from_utf8(self.bytes).ok()
    }
}

impl core::fmt::Debug for Name<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "\"{}\"", self.bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_entries_are_names() {
        assert!(Name::new(b"passwd").is_ok());
        assert_eq!(Name::new(b""), Err(Error::NotFound));
        assert_eq!(Name::new(b"."), Err(Error::InvalidArgument));
        assert_eq!(Name::new(b".."), Err(Error::InvalidArgument));
        assert_eq!(Name::new(b"a/b"), Err(Error::InvalidArgument));
        assert_eq!(Name::new(b"a\0b"), Err(Error::InvalidArgument));
        assert!(Name::new(&[b'x'; 255]).is_ok());
        assert_eq!(Name::new(&[b'x'; 256]), Err(Error::NameTooLong));
    }
}
