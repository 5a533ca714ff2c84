//! Mounting by name: `mount -t ext2 /dev/vda /mnt`, or as ext4.

use alloc::sync::Arc;

use base::{Error, Result};
use vfs::{FileSystem, MountSource};

use crate::format::superblock::OnError;
use crate::volume::How;
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
    let how = how(source, family)?;
    fs_disk::mount(source, kind, how.read_only, |device| {
        let made = Ext2::mount_as(device, family, how)?;
        if !made.is_read_only() {
            fs_disk::keep_up(kind, made.volume());
        }
        Ok(made)
    })
}

/// What a mount's options ask for.
fn how(source: &MountSource<'_>, family: Family) -> Result<How> {
    let mut how = How {
        late: source.read_only,
        ..How::default()
    };
    for (name, value) in vfs::parse_options(source.options) {
        match (name.as_str(), value.as_str()) {
            ("ro", "") => how.read_only = true,
            ("rw", "") => how.read_only = false,
            ("errors", "continue") => how.on_error = Some(OnError::Continue),
            // A kernel that stops helps nobody.
            ("errors", "remount-ro" | "panic") => how.on_error = Some(OnError::ReadOnly),
            // What Linux's driver does unless told otherwise, and this one always.
            ("acl" | "user_xattr" | "bsddf" | "nogrpid" | "sysvgroups", "") => {}
            ("noload" | "norecovery", "") if family == Family::Ext4 => how.as_it_is = true,
            _ => return Err(Error::InvalidArgument),
        }
    }
    // Without its journal it is never written, whoever asks later.
    how.read_only |= how.as_it_is && source.read_only;
    Ok(how)
}
