//! Hard links within one archive.
//!
//! Names of one file share device and inode number. The format puts the data with the last name
//! (GNU cpio) or the first (others); every name may be the one that has it.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use vfs::Inode;

use crate::header::Entry;

/// The files with several names met so far in one archive.
#[derive(Default)]
pub(crate) struct Links {
    files: BTreeMap<(u32, u32, u32), Arc<dyn Inode>>,
}

impl Links {
    /// The file that `entry` is another name of.
    pub(crate) fn find(&self, entry: &Entry) -> Option<Arc<dyn Inode>> {
        if entry.links < 2 {
            return None;
        }
        self.files
            .get(&entry.identity)
            .filter(|inode| inode.kind() == entry.kind)
            .cloned()
    }

    /// Remembers a file that has more names to come.
    pub(crate) fn remember(&mut self, entry: &Entry, inode: &Arc<dyn Inode>) {
        if entry.links > 1 && !inode.is_directory() {
            self.files.insert(entry.identity, inode.clone());
        }
    }
}
