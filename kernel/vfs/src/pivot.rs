//! pivot_root(2): another mount becomes the root, and the old root is mounted below it.

use alloc::sync::Arc;

use base::{Error, Result};

use crate::mount_tree::{self, top_of};
use crate::path::Path;
use crate::path_text::is_below;
use crate::view::View;

impl View {
    /// Makes the mount at `new` the root instead of the one at `root`, the caller's, and mounts that on `put_old`, a place
    /// below `new` (or `new` itself). Whoever stands at the old root is to be taken along by the caller.
    ///
    /// Where nothing is below the old root's mount, the new one becomes the top of the tree: there is no hidden root
    /// below every other, as Linux has one that cannot be left.
    ///
    /// Errors: [`Error::InvalidArgument`] where one of the three is not the top of a mount of this view, is shared where
    /// it may not be, or they do not lie below each other; [`Error::Busy`] where they are one mount.
    pub fn pivot(&self, root: &Path, new: &Path, put_old: &Path) -> Result<()> {
        let mut trees = mount_tree::lock();
        let tree = self.tree();
        let put_old = put_old.clone().into_topmost();
        tree.check(new)?;
        tree.check(root)?;
        tree.check(&put_old)?;
        let above = new.mount.mounted_at();
        let root_place = root.mount.mounted_at();
        let shared =
            |place: &Option<Path>| place.as_ref().is_some_and(|place| place.mount.group() != 0);
        if put_old.mount.group() != 0 || shared(&above) || shared(&root_place) {
            return Err(Error::InvalidArgument);
        }
        if new.dentry.is_removed() || put_old.dentry.is_removed() {
            return Err(Error::NotFound);
        }
        let is_root = |place: &Path| Arc::ptr_eq(&place.mount, &root.mount);
        if is_root(new) || is_root(&put_old) {
            return Err(Error::Busy);
        }
        if !root.is_mount_root() || !new.is_mount_root() || above.is_none() {
            return Err(Error::InvalidArgument);
        }
        if !is_below(&put_old, new) || !is_below(new, root) {
            return Err(Error::InvalidArgument);
        }
        new.mount.detach();
        root.mount.detach();
        root.mount.attach(&put_old);
        match root_place {
            Some(place) => new.mount.attach(&place),
            None => tree.set_top(&new.mount),
        }
        for mount in [&root.mount, &new.mount] {
            trees.enroll(mount, tree.id());
        }
        drop(trees);
        if self.own_root().is_same(root) {
            self.set_own_root(top_of(&new.mount));
        }
        Ok(())
    }
}
