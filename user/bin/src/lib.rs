//! What the native programs share.
#![no_std]

extern crate alloc;
