//! Line discipline, terminals, sessions.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod discipline;
mod erase;
pub mod input;
pub mod output;
pub mod settings;
