//! Device files.
//!
//! Two file systems and what makes device nodes work:
//! * [`device_files`] is what is mounted on `/dev`: a tmpfs with a node for each device of the
//!   registry, the symbolic links that programs expect, and the mount points `pts` and `shm`.
//!   There is one for the machine, however often it is mounted, as with Linux's devtmpfs.
//! * [`DevPts`] is what is mounted on `/dev/pts`: the pseudo-terminals that exist at the moment.
//! * [`start`] registers the devices that are only software (`null`, `zero`, `full`, `random`,
//!   `urandom`, `kmsg`) and tells the vfs how to open device nodes and named pipes, wherever they
//!   lie.
//!
//! A driver offers a device with [`register`]; its node appears in `/dev` at once.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod fifo;
mod kernel_log;
mod memory;
mod nodes;
mod open;
pub mod partitions;
mod pts;
mod random;
mod types;

pub use nodes::{device_files, register, register_block, remove_block};
pub use open::block_source;
pub use pts::{DevPts, PtsOptions};

use alloc::sync::Arc;

use base::Result;
use device::registry;

/// Registers the software devices and plugs devices and named pipes into the vfs. Called once,
/// before anything is mounted.
pub fn start() -> Result<()> {
    types::register();
    vfs::set_device_opener(Arc::new(open::Opener));
    vfs::set_fifo_maker(Arc::new(fifo::Maker));
    for device in memory::all() {
        registry().add_character(device)?;
    }
    for device in random::all() {
        registry().add_character(device)?;
    }
    registry().add_character(Arc::new(kernel_log::KernelLog))
}
