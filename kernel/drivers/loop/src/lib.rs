//! Loop devices: files as disks.
//!
//! A [`LoopDevice`] is `/dev/loop0` and so on; it has no sectors until a file is attached to it ([`LoopDevice::attach`]). Its
//! requests are done by a thread of its own, through the file's read and write, and so through the page cache of
//! whatever file system that lies on: who submits a request may hold locks under which no file can be touched. A flush is
//! the file's fsync. What goes wrong with the file goes wrong with the request.
//!
//! [`find`] is the device with a number, [`free`] one without a file, which is made if there is none; [`LoopControl`] is what
//! `/dev/loop-control` opens.
//!
//! A device is in use while it is open or mounted ([`device::block::BlockDevice::opened`]). One that was told to clears
//! itself when that ends (`LO_FLAGS_AUTOCLEAR`, what `mount -o loop` uses).
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod attachment;
mod control;
mod loop_device;
#[cfg(test)]
mod tests;

pub use attachment::Setup;
pub use control::{LoopControl, Registrar, add, add_any, find, free, remove, start};
pub use loop_device::LoopDevice;
