//! What of a file could not be stored, told once to everyone who asks.
//!
//! A page that cannot be written belongs to nobody any more: its writer has gone on. So the error is
//! kept with the file, and every open file that asks (fsync(2)) hears of it once. Who opens the file
//! after the error hears of it too if nobody else has, so that no error goes unheard; and after that a
//! new one starts afresh, as on Linux (Documentation/core-api, errseq_t).

use core::sync::atomic::{AtomicU64, Ordering};

use base::{Error, Result};

use super::PageCache;

/// The errors of one file.
#[derive(Default)]
pub(super) struct Failures {
    count: u64,
    last: Option<Error>,
    is_heard: bool,
}

/// Up to where an open file has heard of its file's errors.
#[derive(Debug, Default)]
pub struct ErrorMark(AtomicU64);

impl Failures {
    pub(super) fn record(&mut self, error: Error) {
        self.count += 1;
        self.last = Some(error);
        self.is_heard = false;
    }
}

impl PageCache {
    /// Where somebody stands who asks from now on.
    pub fn error_mark(&self) -> ErrorMark {
        if self.source.is_none() {
            return ErrorMark::default();
        }
        let state = self.state.lock();
        let mark = state.stored.as_ref().map_or(0, |stored| {
            let failures = &stored.failures;
            let unheard = failures.last.is_some() && !failures.is_heard;
            failures.count - u64::from(unheard)
        });
        ErrorMark(AtomicU64::new(mark))
    }

    /// The last error that storing pages of the file came to since `mark`, which moves on.
    pub fn error_since(&self, mark: &ErrorMark) -> Result<()> {
        if self.source.is_none() {
            return Ok(());
        }
        let mut state = self.state.lock();
        let Some(stored) = &mut state.stored else {
            return Ok(());
        };
        let failures = &mut stored.failures;
        if mark.0.swap(failures.count, Ordering::Relaxed) == failures.count {
            return Ok(());
        }
        failures.is_heard = true;
        failures.last.map_or(Ok(()), Err)
    }
}
