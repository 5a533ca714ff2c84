//! The messages of a file system that is being configured: each read(2) of its descriptor takes one.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;

use base::{Error, Result};
use mem::transfer::Sink;

/// How many messages are kept; the oldest go first.
const MOST: usize = 8;

/// See the module.
#[derive(Default)]
pub(super) struct Log(VecDeque<String>);

impl Log {
    /// Remembers what went wrong, and fails because of it.
    pub(super) fn fail<T>(&mut self, message: &str, error: Error) -> Result<T> {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(format!("e {message}\n"));
        Err(error)
    }

    /// Gives the oldest message; [`Error::NoData`] if there is none, [`Error::MessageTooLong`] if there is no room for it.
    pub(super) fn read(&mut self, into: &mut Sink<'_>) -> Result<usize> {
        let message = self.0.front().ok_or(Error::NoData)?;
        if into.remaining() < message.len() {
            return Err(Error::MessageTooLong);
        }
        into.write(message.as_bytes())?;
        let length = message.len();
        self.0.pop_front();
        Ok(length)
    }
}
