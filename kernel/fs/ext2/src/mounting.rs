//! Mounting by name: `mount -t ext2 /dev/vda /mnt`, or as ext4.

use alloc::sync::Arc;

use base::{Error, Result};
use fs_disk::KeepUp;
use vfs::{FileSystem, MountSource};

use crate::volume::Volume;
use crate::{Ext2, Family};

/// Makes `ext2` and `ext4` known to mount calls.
pub fn register() {
    vfs::register_kind("ext2", true, |source| make(source, "ext2", Family::Ext2));
    vfs::register_kind("ext4", true, |source| make(source, "ext4", Family::Ext4));
}

fn make(
    source: &MountSource<'_>,
    kind: &'static str,
    family: Family,
) -> Result<Arc<dyn FileSystem>> {
    let options = Options::of(source, family)?;
    fs_disk::mount(source, kind, options.read_only, |device| {
        let made = Ext2::mount_as(device, options.read_only, family, options.as_it_is)?;
        if !made.is_read_only() {
            fs_disk::keep_up(kind, made.volume());
        }
        Ok(made)
    })
}

/// What a mount's options ask for.
#[derive(Default)]
struct Options {
    read_only: bool,
    /// A journal that waits to be replayed is ignored (ext4 only).
    as_it_is: bool,
}

impl Options {
    fn of(source: &MountSource<'_>, family: Family) -> Result<Options> {
        let mut options = Options::default();
        for (name, value) in vfs::parse_options(source.options) {
            match (name.as_str(), value.as_str()) {
                ("ro", "") => options.read_only = true,
                ("rw", "") => options.read_only = false,
                ("noload" | "norecovery", "") if family == Family::Ext4 => options.as_it_is = true,
                _ => return Err(Error::InvalidArgument),
            }
        }
        Ok(options)
    }
}

impl KeepUp for Volume {
    fn keep_up(&self) -> Result<bool> {
        if self.is_read_only() {
            return Ok(false);
        }
        self.sync_all().map(|()| true)
    }
}
