//! What objects without a place in a file system tell of themselves.

use core::sync::atomic::{AtomicU64, Ordering};

use hal::Global;
use object::{FileKind, FileStatus, Timestamp};

static NEXT_INODE: Global<AtomicU64> = Global::new(|| AtomicU64::new(1));

/// An inode number that no other pipe or event has.
pub(crate) fn next_inode() -> u64 {
    NEXT_INODE.fetch_add(1, Ordering::Relaxed)
}

/// The attributes of an object that was made now and belongs to no file system.
pub(crate) fn status(kind: FileKind, inode: u64) -> FileStatus {
    let now = Timestamp::now();
    FileStatus {
        kind,
        mode: 0o600,
        inode,
        links: 1,
        block_size: hal::PAGE_SIZE as u32,
        access_time: now,
        modification_time: now,
        change_time: now,
        birth_time: now,
        ..FileStatus::default()
    }
}
