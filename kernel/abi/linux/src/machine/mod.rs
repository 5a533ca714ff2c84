//! What differs between the machines that Linux runs on, and only that.
//!
//! [`riscv64`] and [`aarch64`] each define the same names: the open flags that the architecture
//! numbers in its own way, the `sigaction` record, the signal frame, and what the auxiliary vector says of the processor. Both are compiled and tested
//! everywhere; [`current`] is the one this kernel serves. The hosted backend behaves as RISC-V.

pub mod aarch64;
pub mod riscv64;

#[cfg(not(all(target_arch = "aarch64", target_os = "none")))]
pub use riscv64 as current;

#[cfg(all(target_arch = "aarch64", target_os = "none"))]
pub use aarch64 as current;
