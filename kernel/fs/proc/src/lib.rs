//! procfs: what the kernel tells about processes and about itself, as files.
//!
//! The formats are Linux's, field for field (proc(5)), because `ps`, `top`, `free`, `df` and a hundred
//! other programs read them; what Scarlet has beyond that lies in `/proc/scarlet` and
//! `/proc/PID/scarlet`. A file is here only if what it says is true.
//!
//! A [`ProcFs`] shows one namespace of processes: the one of the process that mounts it. Text is made
//! at the moment it is read from its beginning ([`fs_text`]); nothing about processes is cached by
//! name, so a directory of a process that has ended is simply not found.
//!
//! * [`tree`]: fixed directories as tables.
//! * [`root`]: what lies in `/proc`. * [`system`]: the texts about the machine.
//! * [`process`]: what lies in `/proc/PID`.
//! * [`reports`]: `/proc/scarlet`, where other rooms put texts of their own; [`insight`]: ours.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod access;
mod filesystem;
mod insight;
mod process;
mod reports;
mod root;
mod sysctl;
mod system;
mod tree;

pub use filesystem::{ProcFs, start};
pub use reports::register_report;
pub use system::release::{MACHINE_RELEASE, OS_TYPE};
