//! Views: what a process sees as the world of files.
//!
//! A [`View`] is a root and the tree of mounts it stands on. There is no global tree behind it: who
//! has a view can reach what is mounted in it and what it was handed as Paths, nothing else. Views
//! are made from a file system ([`View::new`]), as the tree below a place of another view
//! ([`View::of`]: how a foreign environment gets its own `/`), or as a copy ([`View::clone_view`]:
//! a new mount namespace).
//!
//! A view can be *sealed*: then nothing is mounted, unmounted, moved or restricted in it any more, by whomever, and
//! copies of it are sealed too, so that nobody takes a mount away to see what it covers.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};

use crate::inode::FileSystem;
use crate::mount::{Mount, MountFlags};
use crate::mount_changes::MountChanges;
use crate::mount_tree::{self, Cover, MountTree, Trees, these};
use crate::path::Path;
use crate::peers::{Kinship, Propagation};
use crate::volume::{Prompt, Volume};

/// A root and its mounts.
pub struct View {
    tree: Arc<MountTree>,
    root: SpinLock<Path>,
}

impl View {
    /// A view of one file system.
    pub fn new(filesystem: &Arc<dyn FileSystem>) -> Arc<Self> {
        let source = filesystem.source().into();
        Self::over(Mount::new(
            Volume::root_of(filesystem),
            MountFlags::empty(),
            source,
        ))
    }

    /// A view of the tree at `source`; with `recursive`, of what is mounted below it too (unbindable mounts left out).
    /// Its mounts hear of no others. [`Error::NotPermitted`] where the source is sealed.
    pub fn of(source: &Path, recursive: bool) -> Result<Arc<Self>> {
        let copies = {
            let mut trees = mount_tree::lock();
            trees.check_may_copy(source)?;
            trees.copy(source, recursive, false, Kinship::Stranger)?
        };
        Ok(Self::over(copies.top().clone()))
    }

    fn over(top: Arc<Mount>) -> Arc<Self> {
        let root = mount_tree::top_of(&top);
        Arc::new(Self {
            tree: MountTree::new(top),
            root: SpinLock::new(rank::VIEW, root),
        })
    }

    pub(crate) fn tree(&self) -> &MountTree {
        &self.tree
    }

    /// A number that tells mount trees apart.
    pub fn id(&self) -> u64 {
        self.tree.id()
    }

    /// Who is told when something is attached, detached, moved or restricted in it.
    pub fn changes(&self) -> &Arc<MountChanges> {
        self.tree.changes()
    }

    /// The root, on top of whatever is mounted there.
    pub fn root(&self) -> Path {
        self.own_root().into_topmost()
    }

    pub(crate) fn own_root(&self) -> Path {
        self.root.lock().clone()
    }

    pub(crate) fn set_own_root(&self, root: Path) {
        let old = core::mem::replace(&mut *self.root.lock(), root);
        drop(old);
    }

    /// Whether a place lies in this view's mounts.
    pub fn holds(&self, place: &Path) -> bool {
        self.tree.holds(place)
    }

    /// Nothing in it changes any more.
    pub fn seal(&self) {
        self.tree.seal();
    }

    /// True once it is sealed.
    pub fn is_sealed(&self) -> bool {
        self.tree.is_sealed()
    }

    /// A copy whose mounts are its own; they are peers of the mounts they are copies of, where those have peers. Paths
    /// in `follow` that lie in this view are carried over.
    pub fn clone_view(&self, follow: &mut [&mut Path]) -> Result<Arc<Self>> {
        let mut root = self.own_root();
        let sealed = self.is_sealed();
        let kinship = if sealed {
            Kinship::Stranger
        } else {
            Kinship::Peer
        };
        let tree = {
            let mut trees = mount_tree::lock();
            let top = self.tree.top().ok_or(Error::InvalidArgument)?;
            let copies = trees.copy(&mount_tree::top_of(&top), true, true, kinship)?;
            copies.follow(&mut root);
            for path in follow.iter_mut() {
                copies.follow(path);
            }
            MountTree::with_id(&mut trees, copies.top().clone(), 0)
        };
        if sealed {
            tree.seal();
        }
        Ok(Arc::new(Self {
            tree,
            root: SpinLock::new(rank::VIEW, root),
        }))
    }

    /// Mounts `filesystem` on `target`.
    pub fn mount(
        &self,
        filesystem: &Arc<dyn FileSystem>,
        target: &Path,
        flags: MountFlags,
    ) -> Result<()> {
        self.mount_from(
            filesystem,
            &filesystem.source(),
            target,
            flags,
            Prompt::empty(),
        )
    }

    /// The same, with what was said to be mounted, the device column of `mount`, and with what is to be prompt. The same file system is not mounted
    /// twice on one place ([`Error::Busy`]).
    pub fn mount_from(
        &self,
        filesystem: &Arc<dyn FileSystem>,
        source: &[u8],
        target: &Path,
        flags: MountFlags,
        prompt: Prompt,
    ) -> Result<()> {
        let mount = Self::make_mount(filesystem, source, flags)?;
        let read_only = flags.contains(MountFlags::READ_ONLY);
        mount.volume().begin(read_only, prompt);
        let covered = target.clone().into_topmost();
        if covered.is_mount_root() && Arc::ptr_eq(covered.mount.volume(), mount.volume()) {
            return Err(Error::Busy);
        }
        self.tree.attach(mount, target)
    }

    /// A mount of a whole file system, attached nowhere yet.
    pub(crate) fn make_mount(
        filesystem: &Arc<dyn FileSystem>,
        source: &[u8],
        flags: MountFlags,
    ) -> Result<Arc<Mount>> {
        base::room::for_one_more()?;
        Ok(Mount::new(
            Volume::root_of(filesystem),
            flags,
            source.into(),
        ))
    }

    /// Makes what is at `source` appear at `target` too; with `recursive`, what is mounted below
    /// the source comes along. The source may lie in another view, but in none that is sealed ([`Error::NotPermitted`]).
    pub fn bind(&self, source: &Path, target: &Path, recursive: bool) -> Result<()> {
        self.tree.check(&target.clone().into_topmost())?;
        let mount = bound(source, recursive)?;
        self.tree.attach(mount, target)
    }

    /// Moves the mount whose top is `source` to `target`.
    pub fn move_mount(&self, source: &Path, target: &Path, cover: Cover) -> Result<()> {
        self.tree.relocate(source, target, cover)
    }

    /// Changes how the mount whose top is `target` takes part in the changes of others; with `recursive`, all that is
    /// mounted below it too.
    pub fn propagate(&self, target: &Path, to: Propagation, recursive: bool) -> Result<()> {
        self.tree.change(target, to, recursive)
    }

    /// Gives the mount whose top is `to`, a private one of the same file system, the group and the master of the one
    /// whose top is `from` (move_mount(2), `MOVE_MOUNT_SET_GROUP`).
    pub fn join_group(&self, from: &Path, to: &Path) -> Result<()> {
        let mut trees = mount_tree::lock();
        self.tree.check(from)?;
        self.tree.check(to)?;
        let takes_part =
            |place: &Path| place.mount.group() != 0 || trees.groups.master_of(&place.mount) != 0;
        let fits = from.is_mount_root()
            && to.is_mount_root()
            && to.dentry.is_below_or_same(from.mount.root_dentry())
            && takes_part(from)
            && !takes_part(to);
        if !fits {
            return Err(Error::InvalidArgument);
        }
        to.mount.set_unbindable(false);
        trees.groups.relate(&to.mount, &from.mount, Kinship::Peer);
        Ok(())
    }

    /// Replaces the restrictions of the mount whose top is `target`. It becomes read-only only while no file is open
    /// for writing through it ([`Error::Busy`]).
    pub fn remount(&self, target: &Path, flags: MountFlags) -> Result<()> {
        self.restrict(target, flags, MountFlags::all(), false)
    }

    /// Sets the restrictions `set` after taking away `clear`; with `recursive`, on all that is mounted below too, or on
    /// none of them if one refuses.
    pub fn restrict(
        &self,
        target: &Path,
        set: MountFlags,
        clear: MountFlags,
        recursive: bool,
    ) -> Result<()> {
        let trees = mount_tree::lock();
        self.tree.check(target)?;
        restrict(&trees, target, set, clear, recursive)
    }

    /// Changes the file system that is mounted at `target` as a whole: whether it is read-only, what of it is prompt, and
    /// its own options; and the mount's restrictions.
    pub fn reconfigure(
        &self,
        target: &Path,
        flags: MountFlags,
        prompt: Prompt,
        options: &[u8],
    ) -> Result<()> {
        self.tree.check(target)?;
        if !target.is_mount_root() {
            return Err(Error::InvalidArgument);
        }
        let read_only = flags.contains(MountFlags::READ_ONLY);
        target
            .mount
            .volume()
            .reconfigure(read_only, prompt, options)?;
        target.mount.set_flags(flags);
        self.changes().note();
        Ok(())
    }

    /// The volume of the mount that has its top at `place`, for who wants to change it as a whole. The mount is in this view,
    /// which is not sealed, or detached.
    pub fn volume_to_change(&self, place: &Path) -> Result<Arc<Volume>> {
        if !place.is_mount_root() {
            return Err(Error::InvalidArgument);
        }
        if !place.mount.is_detached_top() {
            self.tree.check(place)?;
        }
        Ok(place.mount.volume().clone())
    }

    /// Unmounts what has its top at `target`, which is taken by value because any other holder of
    /// a Path into the mount keeps it busy. With `lazy` it only disappears from the tree.
    pub fn unmount(&self, target: Path, lazy: bool) -> Result<()> {
        self.tree.detach(target.into_topmost(), lazy)
    }

    /// Whether `target` is the top of the mount that is the caller's `root`, and not the top of all mounts.
    pub fn is_own_root(&self, target: &Path, root: &Path) -> bool {
        let target = target.clone().into_topmost();
        target.is_mount_root()
            && Arc::ptr_eq(&target.mount, &root.mount)
            && target.mount.mounted_at().is_some()
    }

    /// Unmounts what nobody has used since this was last asked; [`Error::WouldBlock`] the first time.
    pub fn expire(&self, target: Path) -> Result<()> {
        self.tree.expire(target.into_topmost())
    }

    /// The file systems that are mounted, each once.
    pub fn filesystems(&self) -> Vec<Arc<dyn FileSystem>> {
        let mut found: Vec<Arc<dyn FileSystem>> = Vec::new();
        for mount in self.tree.list() {
            let filesystem = mount.volume().filesystem();
            if !found
                .iter()
                .any(|known| known.device() == filesystem.device())
            {
                found.push(filesystem.clone());
            }
        }
        found
    }
}

/// A mount that shows what is at `source`, attached nowhere yet.
pub(crate) fn bound(source: &Path, recursive: bool) -> Result<Arc<Mount>> {
    let mut trees = mount_tree::lock();
    trees.check_may_copy(source)?;
    if source.mount.anonymous_name().is_some() || source.mount.is_unbindable() {
        return Err(Error::InvalidArgument);
    }
    let copies = trees.copy(source, recursive, false, Kinship::Peer)?;
    Ok(copies.top().clone())
}

/// See [`View::restrict`]. The caller holds the lock of mount trees.
pub(crate) fn restrict(
    trees: &Trees,
    target: &Path,
    set: MountFlags,
    clear: MountFlags,
    recursive: bool,
) -> Result<()> {
    if !target.is_mount_root() {
        return Err(Error::InvalidArgument);
    }
    let mounts = these(&target.mount, recursive);
    let mut before = Vec::new();
    for mount in &mounts {
        let old = mount.flags();
        before.push(old);
        mount.set_flags((old - clear) | set);
        let closed = (mount.flags() - old).contains(MountFlags::READ_ONLY);
        if closed && mount.has_writers() {
            for (mount, flags) in mounts.iter().zip(before) {
                mount.set_flags(flags);
            }
            return Err(Error::Busy);
        }
    }
    trees.touch(target.mount.tree_id());
    Ok(())
}
