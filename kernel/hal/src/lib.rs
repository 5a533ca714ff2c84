//! The machine, made safe: the only kernel crate that may contain `unsafe`.
#![cfg_attr(target_os = "none", no_std)]

extern crate alloc;
