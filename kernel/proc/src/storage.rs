//! Everything that is stored somewhere, taken together.

use base::{Result, log};
use vfs::{FileSystem, Volume};

/// Brings every file system to its device, whoever sees it, what else files on devices have that is
/// not stored, and what was written to devices themselves (sync(2)). What fails is logged.
pub fn store_everything() {
    store(|filesystem| filesystem.sync());
}

/// The same for good: the machine is about to be switched off, and file systems are left in order.
pub fn store_for_good() {
    store(|filesystem| filesystem.finish());
}

fn store(each: impl Fn(&dyn FileSystem) -> Result<()>) {
    for volume in Volume::all() {
        let filesystem = volume.filesystem();
        if let Err(error) = each(&**filesystem) {
            log::warn!("sync of {}: {error}", filesystem.name());
        }
    }
    if let Err(error) = mem::store_everything() {
        log::warn!("sync: {error}");
    }
    if let Err(error) = device::block::sync_all() {
        log::warn!("sync of the block devices: {error}");
    }
}
