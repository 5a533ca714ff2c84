//! Views: what a process sees as the world of files.
//!
//! A [`View`] is a root and the tree of mounts it stands on. There is no global tree behind it: who
//! has a view can reach what is mounted in it and what it was handed as Paths, nothing else. Views
//! are made from a file system ([`View::new`]), as the tree below a place of another view
//! ([`View::of`]: how a foreign environment gets its own `/`), as a copy ([`View::clone_view`]:
//! a new mount namespace), or with a narrower root over the same mounts ([`View::with_root`]).

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::rank;
use base::sync::SpinLock;
use base::{Error, Result};

use crate::inode::FileSystem;
use crate::mount::{Mount, MountFlags};
use crate::mount_tree::{self, MountTree};
use crate::path::Path;
use crate::path_text;
use crate::volume::Volume;

/// A root and its mounts.
pub struct View {
    tree: Arc<MountTree>,
    root: SpinLock<Path>,
}

/// One line of `mountinfo`.
#[derive(Clone, Debug)]
pub struct MountInfo {
    /// The mount's number.
    pub id: u64,
    /// The number of the mount it is attached to (its own at the top).
    pub parent: u64,
    /// The file system's device number.
    pub device: u64,
    /// Which part of the file system is mounted, as a path in it.
    pub root: Vec<u8>,
    /// Where it is attached, as a path from the asker's root.
    pub mount_point: Vec<u8>,
    /// Its restrictions.
    pub flags: MountFlags,
    /// True where nothing may be written.
    pub read_only: bool,
    /// The type's name.
    pub kind: &'static str,
    /// The device column.
    pub source: Vec<u8>,
    /// The file system's options, each behind a comma.
    pub options: Vec<u8>,
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

    /// A view of the tree at `source`; with `recursive`, of what is mounted below it too.
    pub fn of(source: &Path, recursive: bool) -> Arc<Self> {
        Self::over(mount_tree::copy(source, recursive, &mut []))
    }

    fn over(top: Arc<Mount>) -> Arc<Self> {
        let root = Path {
            dentry: top.root_dentry().clone(),
            mount: top.clone(),
        };
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

    /// The root, on top of whatever is mounted there.
    pub fn root(&self) -> Path {
        let root = self.root.lock().clone();
        root.into_topmost()
    }

    /// The same mounts with `root` as the root.
    pub fn with_root(&self, root: &Path) -> Arc<Self> {
        Arc::new(Self {
            tree: self.tree.clone(),
            root: SpinLock::new(rank::VIEW, root.clone()),
        })
    }

    /// A copy whose mounts are its own. Paths in `follow` that lie in this view are carried over.
    pub fn clone_view(&self, follow: &mut [&mut Path]) -> Arc<Self> {
        let mut root = self.root.lock().clone();
        let top = self.tree.top();
        let source = Path {
            mount: top.clone(),
            dentry: top.root_dentry().clone(),
        };
        let mut all: Vec<&mut Path> = Vec::with_capacity(follow.len() + 1);
        all.push(&mut root);
        all.extend(follow.iter_mut().map(|path| &mut **path));
        let copy = mount_tree::copy(&source, true, &mut all);
        Arc::new(Self {
            tree: MountTree::new(copy),
            root: SpinLock::new(rank::VIEW, root),
        })
    }

    /// Mounts `filesystem` on `target`.
    pub fn mount(
        &self,
        filesystem: &Arc<dyn FileSystem>,
        target: &Path,
        flags: MountFlags,
    ) -> Result<()> {
        self.mount_from(filesystem, &filesystem.source(), target, flags)
    }

    /// The same, with what was said to be mounted: the device column of `mount`.
    pub fn mount_from(
        &self,
        filesystem: &Arc<dyn FileSystem>,
        source: &[u8],
        target: &Path,
        flags: MountFlags,
    ) -> Result<()> {
        let mount = Mount::new(Volume::root_of(filesystem), flags, source.into());
        self.tree.attach(mount, target)
    }

    /// Makes what is at `source` appear at `target` too; with `recursive`, what is mounted below
    /// the source comes along. The source may lie in another view.
    pub fn bind(&self, source: &Path, target: &Path, recursive: bool) -> Result<()> {
        if source.mount.anonymous_name().is_some() {
            return Err(Error::InvalidArgument);
        }
        self.tree
            .attach(mount_tree::copy(source, recursive, &mut []), target)
    }

    /// Moves the mount whose top is `source` to `target`.
    pub fn move_mount(&self, source: &Path, target: &Path) -> Result<()> {
        self.tree.relocate(source, target)
    }

    /// Changes the restrictions of the mount whose top is `target`.
    pub fn remount(&self, target: &Path, flags: MountFlags) -> Result<()> {
        if !target.is_mount_root() || target.mount.tree_id() != self.tree.id() {
            return Err(Error::InvalidArgument);
        }
        target.mount.set_flags(flags);
        Ok(())
    }

    /// Unmounts what has its top at `target`, which is taken by value because any other holder of
    /// a Path into the mount keeps it busy. With `lazy` it only disappears from the tree.
    pub fn unmount(&self, target: Path, lazy: bool) -> Result<()> {
        self.tree.detach(target, lazy)
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

    /// The mounts that can be seen from `root` (or the view's own root), parents first.
    pub fn mounts(&self, root: Option<&Path>) -> Vec<MountInfo> {
        let own = self.root();
        let root = root.unwrap_or(&own);
        self.tree
            .list()
            .iter()
            .filter_map(|mount| describe(mount, root))
            .collect()
    }
}

fn describe(mount: &Arc<Mount>, root: &Path) -> Option<MountInfo> {
    let top = Path {
        mount: mount.clone(),
        dentry: mount.root_dentry().clone(),
    };
    let mount_point = if Arc::ptr_eq(mount, &root.mount) && !top.is_same(root) {
        // The root lies inside this mount: it is what covers "/".
        b"/".to_vec()
    } else {
        path_text::text_from(&top, Some(root))
    };
    if mount_point.starts_with(b"(") {
        return None;
    }
    let filesystem = mount.volume().filesystem();
    Some(MountInfo {
        id: mount.id(),
        parent: mount
            .mounted_at()
            .map_or(mount.id(), |place| place.mount.id()),
        device: filesystem.device(),
        root: path_text::text_in_volume(mount.root_dentry()),
        mount_point,
        flags: mount.flags(),
        read_only: mount.is_read_only(),
        kind: filesystem.name(),
        source: mount.source().to_vec(),
        options: filesystem.options(),
    })
}
