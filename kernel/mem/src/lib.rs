//! Memory objects, page cache, address spaces, faults, user memory.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;
