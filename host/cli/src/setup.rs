//! Makes the machine ready for a command, without a separate step.
//!
//! Three things are needed that a machine with only Rust may lack: programs ([`program`]: the
//! emulator, gdb), Rust's libraries for the bare targets ([`rust_targets`]), and Debian packages
//! of the guests' architectures ([`debian`]). Where a thing cannot be had by itself, the error is
//! one line that says what to install.

pub mod debian;
mod host;
mod targets;

pub use host::{cross_compiler, doctor, emulator, find, program};
pub use targets::rust_targets;
