//! The kit of ring 2: boots the kernel on the hosted backend inside `cargo test`.
//!
//! - [`system::System`]: a whole system of programs, each a closure that makes system calls through
//!   [`Linux`], [`Xv6`] or [`Scarlet`]; `check` runs it under many seeds.
//! - [`bare`]: the ground only (threads, locks, timers), for tests below processes.
//! - [`seeds`]: running one test under many scheduling seeds, and one of them again.
//! - [`fuzz`]: calls with arguments that nobody would give.
//! - [`pointers`]: bad pointers in every argument of every call of a table.
//! - [`elf`], [`archive`], [`memory`]: what those are made of.
#![forbid(unsafe_code)]

pub mod archive;
pub mod bare;
pub mod elf;
pub mod fuzz;
pub mod linux;
pub mod memory;
pub mod pointers;
pub mod scarlet;
pub mod seeds;
pub mod system;
pub mod xv6;

pub use linux::Linux;
pub use scarlet::Scarlet;
pub use system::System;
pub use xv6::Xv6;
