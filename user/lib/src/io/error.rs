//! Why reading, writing or anything else failed.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use scarlet_abi::ErrorCode;

/// What kind of failure it is: the kernel's code itself.
pub type ErrorKind = ErrorCode;

/// A result with an [`Error`].
pub type Result<T> = core::result::Result<T, Error>;

/// A failure: the kernel's code, and perhaps a sentence of the program's own.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: Option<Cow<'static, str>>,
}

impl Error {
    /// A failure of a kind, with a sentence that replaces the kind's own.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Error {
        Error {
            kind,
            message: Some(message.into()),
        }
    }

    /// A failure that is only a sentence.
    pub fn other(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(ErrorKind::Other, message)
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<ErrorCode> for Error {
    fn from(kind: ErrorCode) -> Error {
        Error {
            kind,
            message: None,
        }
    }
}

impl From<&'static str> for Error {
    fn from(message: &'static str) -> Error {
        Error::other(message)
    }
}

impl From<String> for Error {
    fn from(message: String) -> Error {
        Error::other(message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => formatter.write_str(message),
            None => formatter.write_str(self.kind.sentence()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {self}", self.kind)
    }
}

impl core::error::Error for Error {}
