//! What the kernel adds to the report of a panic: one function, named at the start.
//!
//! `hal` knows who called whom; what programs had asked for is known above it. The function runs on
//! the CPU that panics, with interrupts off, in whatever state the panic found the kernel: it may
//! neither wait for a lock (it tries) nor allocate. The hosted machine never calls it: there a seed
//! replays everything.

use core::fmt::Write;

use crate::sync::Once;

/// Writes what is known.
pub type LastWords = fn(&mut dyn Write);

static LAST_WORDS: Once<LastWords> = Once::new();

/// Has `words` called at the end of a panic's report. The first one stays.
pub fn set(words: LastWords) {
    let _ = LAST_WORDS.set(words);
}

/// Calls it.
#[cfg(target_os = "none")]
pub(crate) fn speak(out: &mut dyn Write) {
    if let Some(words) = LAST_WORDS.get() {
        words(out);
    }
}
