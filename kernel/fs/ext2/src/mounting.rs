//! Mounting by name: `mount -t ext2 /dev/vda /mnt`.

use alloc::sync::Arc;

use base::{Error, Result};
use fs_disk::KeepUp;
use vfs::{FileSystem, MountSource};

use crate::Ext2;
use crate::volume::Volume;

/// Makes `ext2` known to mount calls.
pub fn register() {
    vfs::register_kind("ext2", true, make);
}

fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    let read_only = read_only(source)?;
    fs_disk::mount(source, "ext2", read_only, |device| {
        let made = Ext2::mount(device, read_only)?;
        if !made.is_read_only() {
            fs_disk::keep_up("ext2", made.volume());
        }
        Ok(made)
    })
}

fn read_only(source: &MountSource<'_>) -> Result<bool> {
    let mut read_only = false;
    for (name, value) in vfs::parse_options(source.options) {
        match (name.as_str(), value.as_str()) {
            ("ro", "") => read_only = true,
            ("rw", "") => read_only = false,
            _ => return Err(Error::InvalidArgument),
        }
    }
    Ok(read_only)
}

impl KeepUp for Volume {
    fn keep_up(&self) -> Result<bool> {
        if self.is_read_only() {
            return Ok(false);
        }
        self.sync_all().map(|()| true)
    }
}
