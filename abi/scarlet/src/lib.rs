//! The native contract: what a Scarlet program and the kernel agree on, and nothing else.
//!
//! There is no logic here, only numbers, flags and records, shared by the kernel's side
//! (`kernel/abi/scarlet`) and the programs' side (`user/lib`), so that the two cannot drift apart.
//!
//! # The convention
//!
//! A call puts its [`Call`] number into `a7` (RISC-V) or `x8` (AArch64), up to six arguments into
//! `a0…a5` / `x0…x5`, and executes `ecall` / `svc #0`. The result comes back in the first argument
//! register: zero or above is a value, below zero is a negated [`ErrorCode`]. There is no second way
//! to report an error.
//!
//! * Strings and buffers are an address and a length, never NUL-terminated.
//! * A path is taken relative to a directory handle, or to the working directory with
//!   [`CURRENT_DIRECTORY`].
//! * Flags that the kernel does not know are refused with [`ErrorCode::InvalidArgument`].
//! * A record begins with its own size in bytes. A kernel that knows a shorter record accepts a longer
//!   one when all it does not know is zero; a kernel that knows a longer record fills what it was not
//!   given with zero. Records can therefore grow at their end for ever.
//! * A handle carries [`Rights`]; a call that needs a right the handle lacks gives
//!   [`ErrorCode::NotPermitted`] and does nothing. Rights can only shrink on the way.
//!
//! # How a program starts
//!
//! The image is an ELF file whose OS/ABI byte is [`ELF_OS_ABI`]. At its entry the stack pointer is
//! 16-byte aligned and points at: the argument count, that many argument pointers, a null pointer,
//! the environment pointers, a null pointer, and pairs of auxiliary values ended by a zero key
//! (see [`auxiliary`]). Handles 0, 1 and 2 are by custom the standard input, output and error.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod auxiliary;
pub mod call;
pub mod environment;
pub mod error;
pub mod event;
pub mod file;
pub mod handle;
pub mod memory;
pub mod mount;
pub mod poll;
pub mod process;
pub mod system;
pub mod terminal;
pub mod thread;

#[cfg(test)]
mod tests;

pub use call::Call;
pub use error::ErrorCode;
pub use handle::Rights;

/// `e_ident[EI_OSABI]` of a native program.
pub const ELF_OS_ABI: u8 = 0x53;

/// In place of a directory handle: the process's working directory.
pub const CURRENT_DIRECTORY: usize = usize::MAX;

/// In place of a handle: none. In place of a timeout: wait for ever.
pub const NONE: usize = usize::MAX;

/// The longest path that a call accepts, in bytes.
pub const PATH_MAX: usize = 4096;

/// Handle 0: standard input by custom.
pub const STANDARD_INPUT: usize = 0;
/// Handle 1: standard output by custom.
pub const STANDARD_OUTPUT: usize = 1;
/// Handle 2: standard error by custom.
pub const STANDARD_ERROR: usize = 2;
