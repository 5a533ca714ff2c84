//! The console before there are drivers, and after a panic.

use crate::arch;

/// Writes bytes to the machine's console, at once, by the simplest way there is. Slow; for early
/// messages and last words. A line feed brings a terminal to the beginning of the next line.
pub fn early_write(bytes: &[u8]) {
    arch::console_write(bytes);
}
