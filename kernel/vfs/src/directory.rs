//! Reading a directory: `.` and `..` first, then what the file system has.
//!
//! Positions 0 and 1 are the vfs's; the file system's own positions ("cookies") follow, shifted by
//! two.

use base::{Error, Result};
use object::{DirectoryEntry, FileKind};

use crate::path::Path;

/// How far the file system's cookies are shifted.
const OWN_ENTRIES: u64 = 2;

/// Shows entries of `place` from `position` on; returns the position reached.
pub(crate) fn read(
    place: &Path,
    position: u64,
    visit: &mut dyn FnMut(&DirectoryEntry<'_>) -> bool,
) -> Result<u64> {
    // A removed directory has nothing, not even itself (readdir(3), ENOENT).
    if place.dentry().is_removed() {
        return Err(Error::NotFound);
    }
    let mut reached = position;
    if reached == 0 {
        let inode = place.status()?.inode;
        if !visit(&entry(b".", inode, 1)) {
            return Ok(reached);
        }
        reached = 1;
    }
    if reached == 1 {
        let above = match place.dentry().parent() {
            Some(parent) if !place.is_mount_root() => parent.inode().status()?.inode,
            // The top of a mount: what it covers lies in the directory above.
            _ => match place.mount().mounted_at() {
                Some(covered) => {
                    let above = covered
                        .dentry()
                        .parent()
                        .unwrap_or(covered.dentry().clone());
                    above.inode().status()?.inode
                }
                None => place.status()?.inode,
            },
        };
        if !visit(&entry(b"..", above, OWN_ENTRIES)) {
            return Ok(reached);
        }
        reached = OWN_ENTRIES;
    }
    place
        .inode()
        .read_directory(reached - OWN_ENTRIES, &mut |found| {
            let next_position = found.next_position.saturating_add(OWN_ENTRIES);
            let taken = visit(&DirectoryEntry {
                next_position,
                ..*found
            });
            if taken {
                reached = next_position;
            }
            taken
        })?;
    Ok(reached)
}

fn entry(name: &[u8], inode: u64, next_position: u64) -> DirectoryEntry<'_> {
    DirectoryEntry {
        name,
        inode,
        kind: FileKind::Directory,
        next_position,
    }
}
