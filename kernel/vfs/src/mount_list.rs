//! What is mounted where, as somebody sees it: the lines of `/proc/PID/mountinfo` and `mounts`.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::mount::{Mount, MountFlags};
use crate::mount_tree::{self, Trees};
use crate::path::Path;
use crate::path_text;
use crate::view::View;
use crate::volume::Prompt;

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
    /// True where nothing may be written through any mount of the file system.
    pub filesystem_read_only: bool,
    /// What of the file system is prompt.
    pub prompt: Prompt,
    /// The type's name.
    pub kind: &'static str,
    /// The device column.
    pub source: Vec<u8>,
    /// The file system's options, each behind a comma.
    pub options: Vec<u8>,
    /// How it takes part in the changes of others.
    pub peers: PeerInfo,
}

/// A mount's peer groups by their numbers; 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerInfo {
    /// The group it is in.
    pub group: u64,
    /// The group it hears.
    pub master: u64,
    /// The nearest group above that has a member which the asker sees: the master itself, or one further up.
    pub origin: u64,
    /// It may not be bound.
    pub unbindable: bool,
}

impl View {
    /// The mounts that can be seen from `root` (or the view's own root), in the order in which they were made.
    pub fn mounts(&self, root: Option<&Path>) -> Vec<MountInfo> {
        let own = self.root();
        let root = root.unwrap_or(&own);
        let mounts = self.tree().list();
        mounts
            .iter()
            .filter_map(|mount| describe(mount, root))
            .collect()
    }
}

/// What `root` sees of a mount; `None` if no name leads to its top.
fn describe(mount: &Arc<Mount>, root: &Path) -> Option<MountInfo> {
    let info = MountInfo::of(mount, root);
    (!info.mount_point.is_empty()).then_some(info)
}

impl MountInfo {
    /// What `root` sees of a mount; the mount point is empty where no name leads to its top.
    pub fn of(mount: &Arc<Mount>, root: &Path) -> Self {
        let mut mount_point = path_text::text_from(&mount_tree::top_of(mount), Some(root));
        if mount_point.starts_with(b"(") {
            mount_point.clear();
        }
        let filesystem = mount.volume().filesystem();
        Self {
            id: mount.id(),
            parent: mount
                .mounted_at()
                .map_or(mount.id(), |place| place.mount.id()),
            device: filesystem.device(),
            root: path_text::text_in_volume(mount.root_dentry()),
            mount_point,
            flags: mount.flags(),
            filesystem_read_only: mount.volume().is_read_only(),
            prompt: mount.volume().prompt(),
            kind: filesystem.name(),
            source: mount.source().to_vec(),
            options: filesystem.options(),
            peers: peers(&mount_tree::lock(), mount, root),
        }
    }
}

/// Single mounts by their numbers, which are never given twice.
impl View {
    /// The mount with this number, if it is one of this view's.
    pub fn find_mount(&self, number: u64) -> Option<Arc<Mount>> {
        mount_tree::lock().find(number, self.id())
    }

    /// The numbers of the mounts to which names lead from `place`, rising; the mount of which `place` is the top is one
    /// of them.
    pub fn mounts_below(&self, place: &Path) -> Vec<u64> {
        let mounts = self.tree().list();
        let below = |mount: &&Arc<Mount>| path_text::is_below(&mount_tree::top_of(mount), place);
        mounts
            .iter()
            .filter(below)
            .map(|mount| mount.id())
            .collect()
    }
}

impl Mount {
    /// The place at its top.
    pub fn top(self: &Arc<Self>) -> Path {
        mount_tree::top_of(self)
    }
}

fn peers(trees: &Trees, mount: &Arc<Mount>, root: &Path) -> PeerInfo {
    let master = trees.groups.master_of(mount);
    let mut origin = master;
    while origin != 0 && !has_member_below(trees, origin, mount, root) {
        origin = trees.groups.master_of_group(origin);
    }
    PeerInfo {
        group: mount.group(),
        master,
        origin,
        unbindable: mount.is_unbindable(),
    }
}

/// Whether a group has a member in the same tree that can be seen from `root`.
fn has_member_below(trees: &Trees, group: u64, mount: &Mount, root: &Path) -> bool {
    let members = trees.groups.members(group);
    members.iter().any(|member| {
        member.tree_id() == mount.tree_id()
            && path_text::is_below(&mount_tree::top_of(member), root)
    })
}
