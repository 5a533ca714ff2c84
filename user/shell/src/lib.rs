//! The shell's language and line editor, as plain logic without an operating system.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;
