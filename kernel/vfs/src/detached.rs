//! Mounts that are attached nowhere and held by an open file (open_tree(2), fsmount(2)).
//!
//! [`OpenFile::of_tree`] keeps a tree of mounts as long as it is open; names below it work as below any other place.
//! Attaching it ([`View::attach_tree`]) gives the tree to a view; what is never attached ends with the last file.

use alloc::sync::Arc;

use base::{Error, Result};

use crate::inode::FileSystem;
use crate::mount::{Mount, MountFlags};
use crate::mount_tree::{self, Cover, MountTree, top_of};
use crate::open_file::OpenFile;
use crate::path::Path;
use crate::peers::Propagation;
use crate::view::{View, bound, restrict};
use crate::volume::Prompt;

fn hold(top: Arc<Mount>) -> Arc<OpenFile> {
    let tree = MountTree::detached(&mut mount_tree::lock(), top.clone());
    OpenFile::of_tree(top_of(&top), tree)
}

impl View {
    /// A detached copy of what is at `source`, with `recursive` of what is mounted below it too.
    pub fn copy_tree(&self, source: &Path, recursive: bool) -> Result<Arc<OpenFile>> {
        if !self.holds(source) {
            return Err(Error::InvalidArgument);
        }
        Ok(hold(bound(source, recursive)?))
    }

    /// A detached mount of a file system, which is read-only as a whole from its start with `read_only`, and prompt with
    /// what `prompt` says.
    pub fn detached_mount(
        filesystem: &Arc<dyn FileSystem>,
        source: &[u8],
        flags: MountFlags,
        read_only: bool,
        prompt: Prompt,
    ) -> Result<Arc<OpenFile>> {
        let mount = Self::make_mount(filesystem, source, flags)?;
        mount.volume().begin(read_only, prompt);
        Ok(hold(mount))
    }

    /// Attaches the detached mounts that `file` holds at `target`. `None` if it holds none, or no longer.
    pub fn attach_tree(&self, file: &OpenFile, target: &Path, cover: Cover) -> Option<Result<()>> {
        let tree = file.tree()?;
        tree.top()?;
        Some(self.tree().adopt(tree, target, cover))
    }

    /// Changes restrictions and propagation of the mount at `target`, which is in this view or detached; with `recursive`, of
    /// those below it too (mount_setattr(2)).
    pub fn set_mount_attributes(
        &self,
        target: &Path,
        set: MountFlags,
        clear: MountFlags,
        propagation: Option<Propagation>,
        recursive: bool,
    ) -> Result<()> {
        let mut trees = mount_tree::lock();
        if !target.mount.is_detached_top() {
            self.tree().check(target)?;
        }
        restrict(&trees, target, set, clear, recursive)?;
        if let Some(to) = propagation {
            for mount in mount_tree::these(&target.mount, recursive) {
                trees.groups.change(&mount, to);
            }
        }
        Ok(())
    }
}
