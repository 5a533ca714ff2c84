//! From a place back to text: what `getcwd`, `/proc/PID/exe` and `/proc/mounts` show.
//!
//! The way goes up from name to name and from mount to mount until it meets the root it is seen
//! from. Where it ends elsewhere (a working directory outside the root, a lazily detached mount),
//! the text begins with `(unreachable)` where `getcwd` asks, as on Linux; procfs shows it unmarked,
//! and a removed name with ` (deleted)` behind it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;

use crate::dentry::Dentry;
use crate::path::Path;
use crate::volume::Volume;

/// The text of `path` as seen from `root`; `None` for the root of its own mount tree.
/// With a root that the path is not below, the text begins with `(unreachable)`.
pub fn text_from(path: &Path, root: Option<&Path>) -> Vec<u8> {
    let volume = path.dentry.volume().clone();
    for _ in 0..8 {
        let before = volume.renames.load(Ordering::Acquire);
        let text = climb(path, root);
        if volume.renames.load(Ordering::Acquire) == before {
            return text;
        }
    }
    // Somebody renames without end: hold them off for one climb.
    let _held = volume.rename_lock.lock();
    climb(path, root)
}

/// Whether going up from `path`, over mounts too, leads to `root`.
pub(crate) fn is_below(path: &Path, root: &Path) -> bool {
    let mut at = path.clone();
    loop {
        if at.is_same(root) {
            return true;
        }
        if at.is_mount_root() {
            match at.mount.mounted_at() {
                Some(below) => at = below,
                None => return false,
            }
            continue;
        }
        match at.dentry.parent() {
            Some(parent) => at.dentry = parent,
            None => return false,
        }
    }
}

/// The same as of one moment, whoever renames meanwhile; false where they never stop.
pub(crate) fn is_below_for_sure(path: &Path, root: &Path) -> bool {
    for _ in 0..8 {
        let mut before = Vec::new();
        let mut at = path.clone();
        let found = loop {
            let volume = at.mount.volume();
            before.push((volume.clone(), volume.renames.load(Ordering::Acquire)));
            while !at.is_same(root) && !at.is_mount_root() {
                match at.dentry.parent() {
                    Some(parent) => at.dentry = parent,
                    None => break,
                }
            }
            if at.is_same(root) {
                break true;
            }
            match at.mount.mounted_at().filter(|_| at.is_mount_root()) {
                Some(below) => at = below,
                None => break false,
            }
        };
        let unmoved =
            |(volume, before): &(Arc<Volume>, _)| volume.renames.load(Ordering::Acquire) == *before;
        if before.iter().all(unmoved) {
            return found;
        }
    }
    false
}

/// What begins the text of a place that has no name below the root.
const UNREACHABLE: &[u8] = b"(unreachable)";

/// What procfs shows of a place: ` (deleted)` behind a name that has been removed, and for a place
/// in another view its name there, without a mark (Linux: `d_path`).
pub fn text_with_removal(path: &Path, root: Option<&Path>) -> Vec<u8> {
    let mut text = text_from(path, root);
    // Every other text begins with a slash, or is that of an object without a name.
    if text.starts_with(UNREACHABLE) {
        text.drain(..UNREACHABLE.len());
    }
    if path.dentry.is_removed() {
        text.extend_from_slice(b" (deleted)");
    }
    text
}

fn climb(path: &Path, root: Option<&Path>) -> Vec<u8> {
    let mut names: Vec<Arc<[u8]>> = Vec::new();
    let mut at = path.clone();
    let reached = loop {
        if root.is_some_and(|root| at.is_same(root)) {
            break true;
        }
        if at.is_mount_root() {
            match at.mount.mounted_at() {
                Some(below) => at = below,
                // The top of the tree: where no root was named, that is what was asked for.
                None => break root.is_none(),
            }
            continue;
        }
        let location = at.dentry.location();
        match location.parent {
            Some(parent) => {
                names.push(location.name);
                at.dentry = parent;
            }
            // The top of a file system that is not the top of its mount: the place was moved out
            // of a bind mount. There is no way from here.
            None => break false,
        }
    };
    let mut text = Vec::new();
    if let Some(name) = at.mount.anonymous_name() {
        return name;
    }
    if !reached {
        text.extend_from_slice(UNREACHABLE);
    }
    for name in names.iter().rev() {
        text.push(b'/');
        text.extend_from_slice(name);
    }
    if names.is_empty() {
        text.push(b'/');
    }
    text
}

/// The text of a dentry within its file system, whatever is mounted where.
pub(crate) fn text_in_volume(dentry: &Arc<Dentry>) -> Vec<u8> {
    let mut names = Vec::new();
    let mut location = dentry.location();
    while let Some(parent) = location.parent {
        names.push(location.name);
        location = parent.location();
    }
    let mut text = Vec::new();
    for name in names.iter().rev() {
        text.push(b'/');
        text.extend_from_slice(name);
    }
    if text.is_empty() {
        text.push(b'/');
    }
    text
}
