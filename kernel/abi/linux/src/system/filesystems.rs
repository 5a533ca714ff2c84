//! All file systems of the machine, taken together.

use vfs::Volume;

/// Brings every file system to its device, whoever sees it, what else files on devices have that is
/// not stored, and what was written to devices themselves (sync(2)).
pub(crate) fn sync_all() {
    for volume in Volume::all() {
        let filesystem = volume.filesystem();
        if let Err(error) = filesystem.sync() {
            base::log::warn!("sync of {}: {error}", filesystem.name());
        }
    }
    if let Err(error) = mem::store_everything() {
        base::log::warn!("sync: {error}");
    }
    if let Err(error) = device::block::sync_all() {
        base::log::warn!("sync of the block devices: {error}");
    }
}
