//! The machine, made safe: the only kernel crate that may contain `unsafe`.
//!
//! Everything above this room is ordinary safe Rust. What a processor, its memory and its devices
//! can do wrong is met here, once, behind types whose safe methods are sound for *any* caller.
//!
//! - [`boot`] hands the kernel one [`boot::BootInfo`].
//! - [`frame`] owns physical memory; [`paging`] maps it; [`user`] runs programs and reaches their
//!   memory.
//! - [`thread`], [`cpu`], [`interrupt`] and [`timer`] are the processor; [`sync`] is how its
//!   cores agree.
//! - [`vdso`] is the clock as programs read it themselves.
//! - [`mmio`] and [`dma`] are the devices' side.
//!
//! Three backends stand below (`arch`): `riscv64`, `aarch64`, and `hosted`, on which the same
//! kernel runs inside `cargo test`. What a backend must provide is listed in one place, in
//! `arch/mod.rs`; all else is common code.
#![cfg_attr(target_os = "none", no_std)]

extern crate alloc;

mod arch;
#[cfg(target_os = "none")]
mod backtrace;
pub mod boot;
pub mod console;
pub mod cpu;
mod cpu_owned;
mod cpu_slot;
pub mod dma;
pub mod frame;
mod global;
#[cfg(target_os = "none")]
mod heap;
pub mod interrupt;
pub mod last_words;
pub mod mmio;
pub mod paging;
#[cfg(target_os = "none")]
mod panic;
pub mod pci;
pub mod power;
pub mod random;
pub mod refusal;
#[cfg(any(target_os = "none", test))]
pub mod selftest;
pub mod sync;
pub mod thread;
pub mod timer;
pub mod user;
pub mod vdso;
pub mod virtio;

#[cfg(not(target_os = "none"))]
pub use arch::hosted;
pub use global::Global;

/// The size of a page and of a frame, in bytes, on every architecture.
pub const PAGE_SIZE: usize = 4096;
/// How many CPUs one kernel can drive.
pub const MAX_CPUS: usize = 8;
/// The lowest address a program may map.
pub const USER_START: usize = 0x1000;
/// One past the highest address a program may map: the lower half of a 39-bit address space.
pub const USER_END: usize = 1 << 38;
/// The name of the architecture whose programs run here. The hosted backend says `riscv64`, so
/// that tables which depend on the architecture behave as on RISC-V.
pub const ARCH: &str = arch::NAME;

/// There is no memory for what was asked; the caller turns it into its own error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;
