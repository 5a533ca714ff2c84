//! Finding a directory again in another view: the same dentry, through a mount that leads to it.
//!
//! A process that starts a program of another ABI moves into another view and takes its working directory along. The
//! directory is the same object; what changes is the mount through which it is seen.

use alloc::sync::Arc;

use crate::path::Path;
use crate::view::View;

impl View {
    /// The place in this view, below `root`, that shows the same directory; `None` where no name leads to it.
    pub fn locate(&self, root: &Path, directory: &Path) -> Option<Path> {
        if leads_to(root, directory) {
            return Some(directory.clone());
        }
        let mounts = self.tree().list();
        let same_volume = mounts
            .into_iter()
            .filter(|mount| Arc::ptr_eq(mount.volume(), directory.dentry.volume()));
        same_volume
            .filter(|mount| directory.dentry.is_below_or_same(mount.root_dentry()))
            .map(|mount| Path {
                mount,
                dentry: directory.dentry.clone(),
            })
            .find(|place| leads_to(root, place))
    }
}

/// Whether walking down from `root` can arrive at `place`: every name on the way exists and nothing is mounted over it.
fn leads_to(root: &Path, place: &Path) -> bool {
    if place.mount.mounted_on(&place.dentry).is_some() {
        return false;
    }
    let mut at = place.clone();
    loop {
        if at.is_same(root) {
            return true;
        }
        if at.is_mount_root() {
            let Some(below) = at.mount.mounted_at() else {
                return false;
            };
            let visible = below.mount.mounted_on(&below.dentry);
            if !visible.is_some_and(|mount| Arc::ptr_eq(&mount, &at.mount)) {
                return false;
            }
            at = below;
            continue;
        }
        if at.dentry.is_removed() {
            return false;
        }
        let Some(parent) = at.dentry.parent() else {
            return false;
        };
        at = Path {
            mount: at.mount,
            dentry: parent,
        };
        if at.is_same(root) {
            return true;
        }
        if at.mount.mounted_on(&at.dentry).is_some() {
            return false;
        }
    }
}
