//! Mounting by name: `mount -t xv6 /dev/loop0 /mnt`.

use alloc::sync::Arc;

use base::{Error, Result};
use vfs::{FileSystem, MountSource};

use crate::Xv6Fs;

/// Makes `xv6` known to mount calls.
pub fn register() {
    vfs::register_kind("xv6", true, make);
}

fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    let mut read_only = source.read_only;
    for (name, value) in vfs::parse_options(source.options) {
        match (name.as_str(), value.as_str()) {
            ("ro", "") => read_only = true,
            ("rw", "") => read_only = source.read_only,
            _ => return Err(Error::InvalidArgument),
        }
    }
    fs_disk::mount(source, "xv6", read_only, |device| {
        let made = Xv6Fs::mount(device, read_only)?;
        if !made.is_read_only() {
            fs_disk::keep_up("xv6", made.volume());
        }
        Ok(made)
    })
}
