//! The partitions of disks, as devices with nodes.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::{Error, Result};
use device::block::partition::{Entry, Partition};
use device::block::{BlockCache, BlockDevice, partition};
use device::registry;

use crate::nodes::{register_block, remove_block};

/// Looks for partitions on every disk there is. A disk that cannot be read has none, and a line in
/// the log.
pub fn scan_all() {
    for device in registry().block_devices() {
        if device.whole().is_some() || !device.is_scanned() {
            continue;
        }
        if let Err(error) = scan(&device) {
            base::log::warn!("{}: the partition table: {error}", device.name());
        }
    }
}

/// Looks anew for a disk's partitions (`BLKRRPART`). [`Error::Busy`] while one is in use,
/// [`Error::InvalidArgument`] for what is a part itself, or is not to be looked through.
pub fn rescan(device: &Arc<dyn BlockDevice>) -> Result<()> {
    if device.whole().is_some() || !device.is_scanned() {
        return Err(Error::InvalidArgument);
    }
    let parts = parts_of(device);
    if parts.iter().any(is_in_use) {
        return Err(Error::Busy);
    }
    parts.iter().try_for_each(remove_block)?;
    scan(device)
}

/// Makes a part known that no table has to name (`BLKPG_ADD_PARTITION`). [`Error::Busy`] if there is one with its number, or
/// with some of its sectors; [`Error::InvalidArgument`] if it does not lie on the device.
pub fn add(device: &Arc<dyn BlockDevice>, entry: &Entry) -> Result<()> {
    if device.whole().is_some() {
        return Err(Error::InvalidArgument);
    }
    let made = Partition::new(device, entry).ok_or(Error::InvalidArgument)?;
    let collides = |part: &Arc<dyn BlockDevice>| {
        part.part().is_some_and(|other| {
            let apart = other.start + other.sectors <= entry.start
                || entry.start + entry.sectors <= other.start;
            other.number == entry.number || !apart
        })
    };
    if parts_of(device).iter().any(collides) {
        return Err(Error::Busy);
    }
    register_block(Arc::new(made))
}

/// Takes the part with this number away (`BLKPG_DEL_PARTITION`). [`Error::Busy`] while it is in use,
/// [`Error::NotSupportedByDevice`] if there is none.
pub fn remove(device: &Arc<dyn BlockDevice>, number: u32) -> Result<()> {
    if device.whole().is_some() {
        return Err(Error::InvalidArgument);
    }
    let parts = parts_of(device);
    let has_number =
        |part: &&Arc<dyn BlockDevice>| part.part().is_some_and(|entry| entry.number == number);
    let part = parts.iter().find(has_number);
    let part = part.ok_or(Error::NotSupportedByDevice)?;
    match is_in_use(part) {
        true => Err(Error::Busy),
        false => remove_block(part),
    }
}

/// Takes all parts away: nobody uses the device any more, and it is about to be another.
pub fn forget(device: &Arc<dyn BlockDevice>) -> Result<()> {
    let parts = parts_of(device);
    let removed = parts.iter().map(remove_block);
    removed.fold(Ok(()), Result::and)
}

/// A mounted file system need not have the cache.
fn is_in_use(part: &Arc<dyn BlockDevice>) -> bool {
    part.is_used() || BlockCache::is_in_use(part)
}

fn parts_of(device: &Arc<dyn BlockDevice>) -> Vec<Arc<dyn BlockDevice>> {
    let is_part = |part: &Arc<dyn BlockDevice>| {
        let whole = part.whole();
        whole.is_some_and(|whole| whole.number() == device.number())
    };
    let all = registry().block_devices().into_iter();
    all.filter(is_part).collect()
}

fn scan(device: &Arc<dyn BlockDevice>) -> Result<()> {
    for part in partition::scan(device)? {
        register_block(part)?;
    }
    Ok(())
}
