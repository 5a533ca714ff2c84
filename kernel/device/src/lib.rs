//! What a device is to the rest of the kernel, and where devices are found.
//!
//! A driver finds its hardware (on both architectures by the device tree's `compatible`), claims
//! it from `hal`, and offers it here as one of a few traits: a [`CharacterDevice`] that can be
//! opened, a [`block::BlockDevice`] with sectors, a [`SerialPort`] that carries bytes, a [`RandomSource`], a [`Clock`]. The
//! [`Registry`] holds what was offered. Who uses a device knows only its trait: the terminal on a
//! serial port does not care whether a 16550 or a PL011 is below, and devfs shows whatever
//! character devices there are.
//!
//! Devices are numbered as on Linux ([`DeviceNumber`]), because programs look at the numbers.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod block;
mod character;
mod clock;
mod number;
mod random;
mod registry;
mod serial;
pub mod tree;

pub use character::{CharacterDevice, CharacterOpen};
pub use clock::Clock;
pub use number::{DeviceKind, DeviceNumber};
pub use random::RandomSource;
pub use registry::{Registry, registry};
pub use serial::{LineParameters, Parity, SerialEvents, SerialPort};
