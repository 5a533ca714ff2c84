//! Inodes found again without their names (open_by_handle_at(2)).
//!
//! Only those that somebody asked a handle of are in a table, so that all others pay for it with one look at a flag
//! when they end. Numbers are never used twice within an instance; the generation says which instance it was.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, Ordering};

use base::rank;
use base::room;
use base::sync::SpinLock;
use base::{Error, Result};
use vfs::FileHandle;

use crate::inode::RamInode;

/// The inodes of an instance that somebody has a handle of.
pub(crate) struct HandedOut {
    any: AtomicBool,
    inodes: SpinLock<BTreeMap<u64, Weak<RamInode>>>,
}

impl HandedOut {
    pub(crate) fn new() -> Self {
        Self {
            any: AtomicBool::new(false),
            inodes: SpinLock::new(rank::INODE, BTreeMap::new()),
        }
    }

    /// Gives a handle of an inode.
    pub(crate) fn give(&self, inode: &Arc<RamInode>) -> Result<FileHandle> {
        room::for_one_more()?;
        self.any.store(true, Ordering::Release);
        let weak = Arc::downgrade(inode);
        let old = self.inodes.lock().insert(inode.number, weak);
        drop(old);
        Ok(FileHandle {
            inode: inode.number,
            generation: generation(inode),
        })
    }

    /// The inode with a handle, if it still has a name.
    pub(crate) fn find(&self, handle: FileHandle) -> Result<Arc<RamInode>> {
        let found = self
            .inodes
            .lock()
            .get(&handle.inode)
            .and_then(Weak::upgrade);
        found
            .filter(|inode| inode.links() > 0 && generation(inode) == handle.generation)
            .ok_or(Error::Stale)
    }

    /// An inode ends.
    pub(crate) fn forget(&self, number: u64) {
        if self.any.load(Ordering::Acquire) {
            let gone = self.inodes.lock().remove(&number);
            drop(gone);
        }
    }
}

fn generation(inode: &RamInode) -> u32 {
    inode.account.device as u32
}
