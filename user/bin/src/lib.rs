//! What the native programs share: reading options, and what the shell's builtins do as programs do.
#![no_std]

extern crate alloc;

pub mod echo;
pub mod ends;
pub mod files;
pub mod options;
pub mod table;
pub mod times;
