//! The Linux ABI: unmodified Linux programs for RISC-V 64 and AArch64.
//!
//! A Linux program's system call arrives in [`Linux`] ([`abi`]), is looked up in the one [`table`], and
//! its registers become typed [`arguments`] of a short handler, whose work is a method of some kernel
//! object. What is here is what only Linux knows: numbers ([`errno`], [`names`]), records ([`layout`]),
//! what differs by machine ([`machine`]), the first stack ([`start`]) and signal frames ([`signal`]).
//!
//! Nothing pretends to succeed: a call that is not there answers `ENOSYS` and is counted
//! ([`mod@unimplemented`]), a flag that is not known is `EINVAL`.
//!
//! Take `write(1, "hi\n", 3)`: `Linux::system_call` finds line 64 of the table,
//! `write(file: Fd, buffer: UserSlice)`, takes the three registers as a descriptor and a slice, and
//! calls [`files::read_write`]'s `write`, which asks the handle table for the file with the right to
//! write and gives it the slice as a source of bytes. An error becomes a number on the way out, and
//! `EINTR` is kept back until it is known whether a handler ran ([`Restart`](call::Restart)).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod abi;
pub mod arguments;
pub mod call;
mod describe;
pub mod errno;
pub mod events;
pub mod files;
pub mod futex;
pub mod layout;
pub mod machine;
pub mod matrix;
pub mod memory;
pub mod mounting;
pub mod names;
pub mod process;
pub mod signal;
pub mod sockets;
pub mod start;
pub mod state;
pub mod system;
pub mod system_v;
pub mod table;
pub mod time;
pub mod unimplemented;
mod vdso;

pub use abi::{Linux, register};
