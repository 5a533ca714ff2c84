//! Mounting by name: `mount -t vfat /dev/vda /mnt`, or `-t msdos` without long names.

use alloc::sync::Arc;

use base::Result;
use vfs::{FileSystem, MountSource};

use crate::options::Options;
use crate::volume::Fat;

/// Makes `vfat` and `msdos` known to mount calls.
pub fn register() {
    vfs::register_kind("vfat", true, |source| make(source, "vfat"));
    vfs::register_kind("msdos", true, |source| make(source, "msdos"));
}

fn make(source: &MountSource<'_>, kind: &'static str) -> Result<Arc<dyn FileSystem>> {
    let mut options = Options::parse(source.options, kind == "vfat", source.context)?;
    options.read_only |= source.read_only;
    fs_disk::mount(source, kind, options.read_only, |device| {
        let made = Fat::mount(device, options)?;
        if !made.volume().is_read_only() {
            fs_disk::keep_up(kind, made.volume());
        }
        Ok(made)
    })
}
