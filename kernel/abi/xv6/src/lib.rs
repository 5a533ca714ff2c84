//! The xv6 ABI: how programs of MIT's teaching system for RISC-V speak to the kernel.
//!
//! An xv6 program is a static executable linked at 0. Its memory is one piece: image, an
//! inaccessible page, one page of stack, and from there on the heap that `sbrk` moves. It makes 21
//! system calls ([`table`]), each with its number in `a7`, and knows a single error, -1.
//!
//! What xv6 is strict about is kept: sixteen descriptors, names of fourteen bytes, paths of 128; a
//! write beyond the end of a file fails, a directory is read as records of sixteen bytes, `sbrk` gives
//! memory at once or not at all. Sixty-four processes, 128 MiB and a small disk are not the ABI's but
//! the environment's, which `user/bin/src/xv6.rs` makes. Everything else is the kernel's own: the
//! descriptors are handles, so a pipe to a Linux program is a pipe.
//!
//! The reference is the book "xv6: a simple, Unix-like teaching operating system" (Cox, Kaashoek,
//! Morris; RISC-V edition) and the behaviour of its test programs.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod abi;
mod arguments;
mod call;
mod directory;
mod file_calls;
mod limits;
mod memory_calls;
mod name_calls;
mod path;
mod process_calls;
mod record;
mod stack;
pub mod table;

pub use abi::{Xv6, register};
