//! Keys of the auxiliary values above the environment on a new program's stack.
//!
//! They are pairs of machine words, a key and a value, ended by [`END`]. A program ignores keys that
//! it does not know.

/// Ends the list.
pub const END: usize = 0;
/// The page size in bytes.
pub const PAGE_SIZE: usize = 6;
/// The address of 16 random bytes, fresh for each program start.
pub const RANDOM: usize = 25;
