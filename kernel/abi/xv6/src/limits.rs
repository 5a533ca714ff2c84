//! The sizes that xv6 programs are built for. How many processes there can be, and how much memory, is the
//! environment's to say.

/// Descriptors of one process.
pub(crate) const DESCRIPTORS: usize = 16;

/// Bytes of a path with its NUL.
pub(crate) const PATH: usize = 128;

/// Bytes of a name in a directory.
pub(crate) const NAME: usize = 14;

/// Arguments of a program, with the null pointer that ends them.
pub(crate) const ARGUMENTS: usize = 32;

/// Bytes of one argument with its NUL.
pub(crate) const ARGUMENT_BYTES: usize = 4096;

/// Nanoseconds of one clock tick.
pub(crate) const TICK_NS: u64 = 100_000_000;
