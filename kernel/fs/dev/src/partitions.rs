//! The partitions of disks, as devices with nodes.

use alloc::sync::Arc;

use base::{Error, Result};
use device::block::{BlockCache, BlockDevice, partition};
use device::registry;

use crate::nodes::{register_block, remove_block};

/// Looks for partitions on every disk there is. A disk that cannot be read has none, and a line in
/// the log.
pub fn scan_all() {
    for device in registry().block_devices() {
        if device.whole().is_some() {
            continue;
        }
        if let Err(error) = scan(&device) {
            base::log::warn!("{}: the partition table: {error}", device.name());
        }
    }
}

/// Looks anew for a disk's partitions (`BLKRRPART`). [`Error::Busy`] while one is in use,
/// [`Error::InvalidArgument`] for what is a part itself.
pub fn rescan(device: &Arc<dyn BlockDevice>) -> Result<()> {
    if device.whole().is_some() {
        return Err(Error::InvalidArgument);
    }
    let is_part = |part: &Arc<dyn BlockDevice>| {
        let whole = part.whole();
        whole.is_some_and(|whole| whole.number() == device.number())
    };
    let parts = registry().block_devices().into_iter().filter(is_part);
    let parts: alloc::vec::Vec<_> = parts.collect();
    if parts.iter().any(BlockCache::is_in_use) {
        return Err(Error::Busy);
    }
    parts.iter().try_for_each(remove_block)?;
    scan(device)
}

fn scan(device: &Arc<dyn BlockDevice>) -> Result<()> {
    for part in partition::scan(device)? {
        register_block(part)?;
    }
    Ok(())
}
