//! Mounting by name: `mount -t ext2 /dev/vda /mnt`.
//!
//! However often a disk is mounted, there is one [`Ext2`] for it: a second one would not know what the first has in
//! memory.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::time::Duration;

use base::sync::SpinLock;
use base::{Error, Result, log, thread, time};
use device::DeviceNumber;
use device::block::BlockCache;
use hal::Global;
use object::FileKind;
use vfs::{FileSystem, MountSource, ResolveFlags};

use crate::Ext2;
use crate::inode::ATTRIBUTES;
use crate::volume::Volume;

/// How often what was changed is brought to the disk, whoever asks for it or not.
const PERIOD: Duration = Duration::from_secs(5);

/// The disks that are mounted by name. One without an instance is being opened, or closed.
static MOUNTED: Global<SpinLock<BTreeMap<u64, Weak<Ext2>>>> =
    Global::new(|| SpinLock::new(ATTRIBUTES, BTreeMap::new()));

/// Makes `ext2` known to mount calls.
pub fn register() {
    vfs::register_kind("ext2", true, make);
}

fn make(source: &MountSource<'_>) -> Result<Arc<dyn FileSystem>> {
    let read_only = read_only(source)?;
    let status = source
        .context
        .stat(None, source.source, ResolveFlags::empty())?;
    if status.kind != FileKind::BlockDevice {
        return Err(Error::NotBlockDevice);
    }
    let number = DeviceNumber::new(status.device_major, status.device_minor);
    let device = device::registry()
        .block(number)
        .ok_or(Error::NoSuchDevice)?;
    let key = number.to_linux();
    {
        let mut mounted = MOUNTED.lock();
        match mounted.get(&key).map(Weak::upgrade) {
            Some(Some(present)) => {
                drop(mounted);
                // One instance cannot be both.
                let fits = present.is_read_only() == read_only || !read_only;
                return if fits { Ok(present) } else { Err(Error::Busy) };
            }
            Some(None) => return Err(Error::Busy),
            None => mounted.insert(key, Weak::new()),
        };
    }
    // What was written to the disk as a file is not in anybody else's memory when it is read.
    let settled = BlockCache::of(&device).and_then(|cache| cache.settle());
    match settled.and_then(|()| Ext2::mount(device, read_only)) {
        Ok(made) => {
            MOUNTED.lock().insert(key, Arc::downgrade(&made));
            if !made.is_read_only() {
                keep_up(made.volume());
            }
            Ok(made)
        }
        Err(error) => {
            forget(key);
            Err(error)
        }
    }
}

/// A disk is no longer mounted.
pub(crate) fn forget(key: u64) {
    let gone = MOUNTED.lock().remove(&key);
    drop(gone);
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

/// Starts the thread that brings changes to the disk from time to time; it ends with the mount.
fn keep_up(volume: &Arc<Volume>) {
    let volume = Arc::downgrade(volume);
    let body = move || {
        loop {
            if thread::sleep_until(time::now() + PERIOD).is_err() {
                continue;
            }
            let Some(volume) = volume.upgrade() else {
                return;
            };
            if volume.is_read_only() {
                return;
            }
            if let Err(error) = volume.sync_all() {
                log::error!(
                    "ext2 {}: write-back failed: {error}",
                    volume.device().name()
                );
            }
        }
    };
    // It works for everybody, whoever mounted.
    let prepare = |thread: &Arc<thread::Thread>| {
        thread.set_affinity(u64::MAX);
        thread.set_nice(0);
    };
    if thread::spawn_with("ext2", prepare, body).is_err() {
        log::warn!("ext2: nothing is written but at sync, for want of memory");
    }
}
