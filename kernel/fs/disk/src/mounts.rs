//! The table of mounted disks: one instance a disk, whatever lies on it.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};

use base::sync::SpinLock;
use base::{Error, Result};
use device::block::{BlockCache, BlockDevice};
use hal::Global;
use vfs::{FileSystem, MountSource};

use crate::ATTRIBUTES;

/// A disk that is mounted by name. Without an instance it is being opened, or closed.
struct Mounted {
    kind: &'static str,
    device: Arc<dyn BlockDevice>,
    /// Nothing is to be written, as whoever mounted it first said, or whoever remounted it last.
    read_only: bool,
    filesystem: Option<Weak<dyn FileSystem>>,
}

static MOUNTED: Global<SpinLock<BTreeMap<u64, Mounted>>> =
    Global::new(|| SpinLock::new(ATTRIBUTES, BTreeMap::new()));

/// Mounts the disk that a mount's source names with `open`, or finds the instance that is mounted already.
/// [`Error::Busy`] if that is of another kind, or read-only and this is not to be, or the other way round;
/// [`Error::AccessDenied`] if the disk cannot be written and is to be.
pub fn mount<T: FileSystem>(
    source: &MountSource<'_>,
    kind: &'static str,
    read_only: bool,
    open: impl FnOnce(Arc<dyn BlockDevice>) -> Result<Arc<T>>,
) -> Result<Arc<dyn FileSystem>> {
    let device = fs_dev::block_source(source)?;
    let read_only = read_only || source.read_only;
    let key = device.number().to_linux();
    {
        let mut mounted = MOUNTED.lock();
        if let Some(present) = mounted.get(&key) {
            let living = present.filesystem.as_ref().and_then(Weak::upgrade);
            let same = present.kind == kind;
            let told = present.read_only;
            drop(mounted);
            let present = living.ok_or(Error::Busy)?;
            // One instance cannot be both, nor become the other by being mounted again. What was to be written and cannot
            // be is had either way.
            let fits = same && (told == read_only || !told && present.is_read_only());
            return if fits { Ok(present) } else { Err(Error::Busy) };
        }
        if device.is_protected() && !read_only {
            return Err(Error::AccessDenied);
        }
        let opening = Mounted {
            kind,
            device: device.clone(),
            read_only,
            filesystem: None,
        };
        mounted.insert(key, opening);
    }
    device.opened();
    // What was written to the disk as a file is not in anybody else's memory when it is read.
    let settled = BlockCache::of(&device).and_then(|cache| cache.settle());
    match settled.and_then(|()| open(device)) {
        Ok(made) => {
            let made: Arc<dyn FileSystem> = made;
            if let Some(mounted) = MOUNTED.lock().get_mut(&key) {
                mounted.filesystem = Some(Arc::downgrade(&made));
            }
            Ok(made)
        }
        Err(error) => {
            forget(key);
            Err(error)
        }
    }
}

/// Whether the disk with this number is mounted by name, and nothing is to be written to it.
pub fn is_told_read_only(key: u64) -> bool {
    let mounted = MOUNTED.lock();
    mounted.get(&key).is_some_and(|present| present.read_only)
}

/// The disk with this number was remounted.
pub fn tell_read_only(key: u64, read_only: bool) {
    if let Some(present) = MOUNTED.lock().get_mut(&key) {
        present.read_only = read_only;
    }
}

/// The disk with this number ([`FileSystem::device`]) is no longer mounted, and its instance has ended.
pub fn forget(key: u64) {
    let gone = MOUNTED.lock().remove(&key);
    if let Some(gone) = gone {
        gone.device.closed();
    }
}
