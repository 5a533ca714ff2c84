//! What file systems on disks share: mounting by name, and write-back by age.
//!
//! However often a disk is mounted, there is one instance of its file system: a second one would not know what the first
//! has in memory. So there is one table of mounted disks, whatever lies on them:
//!
//! ```text
//! fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
//!     fs_disk::mount(source, "fat", read_only, |device| Fat::mount(device, options))
//! }
//! impl Drop for Fat {
//!     fn drop(&mut self) {
//!         …                                   // everything to the disk
//!         fs_disk::forget(self.device());     // from now on somebody else may mount it
//!     }
//! }
//! ```
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::time::Duration;

use base::sync::SpinLock;
use base::{Error, Result, log, rank, thread, time};
use device::block::{BlockCache, BlockDevice};
use hal::Global;
use hal::sync::Rank;
use vfs::{FileSystem, MountSource};

/// Small data of a file system's inodes and tables: taken for a moment, also under [`rank::ALLOCATION`].
pub const ATTRIBUTES: Rank = Rank(rank::ALLOCATION.0 + 2);

/// How often what was changed is brought to the disk, whoever asks for it or not.
const PERIOD: Duration = Duration::from_secs(5);

/// A disk that is mounted by name. Without an instance it is being opened, or closed.
struct Mounted {
    kind: &'static str,
    device: Arc<dyn BlockDevice>,
    filesystem: Option<Weak<dyn FileSystem>>,
}

static MOUNTED: Global<SpinLock<BTreeMap<u64, Mounted>>> =
    Global::new(|| SpinLock::new(ATTRIBUTES, BTreeMap::new()));

/// Mounts the disk that a mount's source names with `open`, or finds the instance that is mounted already.
/// [`Error::Busy`] if that is of another kind, or cannot be written and is to be.
pub fn mount<T: FileSystem>(
    source: &MountSource<'_>,
    kind: &'static str,
    read_only: bool,
    open: impl FnOnce(Arc<dyn BlockDevice>) -> Result<Arc<T>>,
) -> Result<Arc<dyn FileSystem>> {
    let device = fs_dev::block_source(source)?;
    let key = device.number().to_linux();
    {
        let mut mounted = MOUNTED.lock();
        if let Some(present) = mounted.get(&key) {
            let living = present.filesystem.as_ref().and_then(Weak::upgrade);
            let same = present.kind == kind;
            drop(mounted);
            let present = living.ok_or(Error::Busy)?;
            // One instance cannot be both.
            let fits = same && (present.is_read_only() == read_only || !read_only);
            return if fits { Ok(present) } else { Err(Error::Busy) };
        }
        let opening = Mounted {
            kind,
            device: device.clone(),
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

/// The disk with this number ([`FileSystem::device`]) is no longer mounted, and its instance has ended.
pub fn forget(key: u64) {
    let gone = MOUNTED.lock().remove(&key);
    if let Some(gone) = gone {
        gone.device.closed();
    }
}

/// Brings what was changed to the disk from time to time.
pub trait KeepUp: Send + Sync + 'static {
    /// Brings everything to the disk; says whether to come again.
    fn keep_up(&self) -> Result<bool>;
}

/// Starts the thread, called `name`, that keeps a volume's disk up with it. It ends with the volume.
pub fn keep_up<V: KeepUp>(name: &'static str, volume: &Arc<V>) {
    let volume = Arc::downgrade(volume);
    let body = move || {
        loop {
            if thread::sleep_until(time::now() + PERIOD).is_err() {
                continue;
            }
            let Some(volume) = volume.upgrade() else {
                return;
            };
            match volume.keep_up() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => log::error!("{name}: write-back failed: {error}"),
            }
        }
    };
    // It works for everybody, whoever mounted.
    let prepare = |thread: &Arc<thread::Thread>| {
        thread.set_affinity(u64::MAX);
        thread.set_nice(0);
    };
    if thread::spawn_with(name, prepare, body).is_err() {
        log::warn!("{name}: nothing is written but at sync, for want of memory");
    }
}
