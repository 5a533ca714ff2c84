//! A file of the overlay: where it lies in the layers.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::any::Any;

use base::rank;
use base::sync::{Mutex, SpinLock};
use base::{Error, Result};
use object::{FileKind, FileStatus};
use vfs::{Attachments, Inode, Path};

use crate::volume::{Origin, Volume};

/// A place in a lower layer.
#[derive(Clone)]
pub(crate) struct Lower {
    /// The layer's index, topmost 0.
    pub(crate) layer: usize,
    pub(crate) path: Path,
}

/// Where a node hangs in the overlay.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) parent: Arc<Node>,
    pub(crate) name: Box<[u8]>,
}

struct State {
    /// Its place in the upper layer; once there is one, there always is.
    upper: Option<Path>,
    origin: Option<Origin>,
    home: Option<Home>,
}

/// See the module.
pub(crate) struct Node {
    pub(crate) volume: Arc<Volume>,
    pub(crate) me: Weak<Node>,
    pub(crate) kind: FileKind,
    /// The number of a directory whose layers lie on several file systems.
    number: u64,
    /// Topmost first; at most one for what is no directory.
    pub(crate) lower: Vec<Lower>,
    state: SpinLock<State>,
    /// Held while it is brought up.
    pub(crate) copying: Mutex<()>,
    /// Of a directory: the nodes of its entries, as long as they live.
    children: SpinLock<BTreeMap<Box<[u8]>, Weak<Node>>>,
    pub(crate) attachments: Attachments,
}

impl Node {
    /// A node at these places, of which there is at least one.
    pub(crate) fn new(
        volume: &Arc<Volume>,
        upper: Option<Path>,
        lower: Vec<Lower>,
        home: Option<Home>,
    ) -> Result<Arc<Self>> {
        let top = upper.as_ref().or(lower.first().map(|one| &one.path));
        let kind = top.ok_or(Error::NotFound)?.inode().kind();
        let known = match &upper {
            Some(upper) if kind != FileKind::Directory => Some(upper.status()?.inode),
            _ => None,
        };
        let number = match kind {
            FileKind::Directory => volume.next_number(),
            _ => 0,
        };
        let origin = known.and_then(|inode| volume.origin_of(inode));
        let node = Arc::new_cyclic(|me| Self {
            volume: volume.clone(),
            me: me.clone(),
            kind,
            number,
            lower,
            state: SpinLock::new(
                rank::INODE,
                State {
                    upper,
                    origin,
                    home: home.clone(),
                },
            ),
            copying: Mutex::new(rank::COPY_UP, ()),
            children: SpinLock::new(rank::INODE, BTreeMap::new()),
            attachments: Attachments::new(),
        });
        if let Some(inode) = known {
            node.make_known(inode);
        }
        if let Some(home) = home {
            home.parent.adopt(&home.name, &node);
        }
        Ok(node)
    }

    /// Enters it among the files of the upper layer.
    pub(crate) fn make_known(&self, inode: u64) {
        self.volume
            .known
            .lock()
            .nodes
            .insert(inode, self.me.clone());
    }

    /// The node of a file of the upper layer, if it has one.
    pub(crate) fn known(volume: &Volume, inode: u64) -> Option<Arc<Node>> {
        volume.known.lock().nodes.get(&inode)?.upgrade()
    }

    /// Its place in the upper layer.
    pub(crate) fn upper(&self) -> Option<Path> {
        self.state.lock().upper.clone()
    }

    /// It now lies in the upper layer.
    pub(crate) fn set_upper(&self, upper: Path, origin: Option<Origin>) {
        let mut state = self.state.lock();
        state.upper = Some(upper);
        state.origin = origin;
    }

    /// Its file in the upper layer has this name now.
    pub(crate) fn stands_at(&self, upper: Path) {
        let old = self.state.lock().upper.replace(upper);
        drop(old);
    }

    /// Where it hangs; `None` at the top.
    pub(crate) fn home(&self) -> Option<Home> {
        self.state.lock().home.clone()
    }

    /// It hangs elsewhere now.
    pub(crate) fn set_home(&self, parent: &Arc<Node>, name: &[u8]) {
        let home = Home {
            parent: parent.clone(),
            name: name.into(),
        };
        let old = self.state.lock().home.replace(home);
        drop(old);
    }

    /// The inode that is seen.
    pub(crate) fn real(&self) -> Result<Arc<dyn Inode>> {
        if let Some(upper) = &self.state.lock().upper {
            return Ok(upper.inode().clone());
        }
        let lower = self.lower.first().ok_or(Error::NotFound)?;
        Ok(lower.path.inode().clone())
    }

    /// Whether it is a directory that several layers, or a lower one, have a part in: that one
    /// cannot be renamed, because what lies below would stay.
    pub(crate) fn is_merged_or_lower(&self) -> bool {
        !self.lower.is_empty()
    }

    /// Its own part among the entries of this directory.
    pub(crate) fn child(&self, name: &[u8]) -> Option<Arc<Node>> {
        self.children.lock().get(name)?.upgrade()
    }

    /// Enters the node of an entry.
    pub(crate) fn adopt(&self, name: &[u8], node: &Arc<Node>) {
        let old = self
            .children
            .lock()
            .insert(name.into(), Arc::downgrade(node));
        drop(old);
    }

    /// An entry is gone.
    pub(crate) fn disown(&self, name: &[u8]) {
        let old = self.children.lock().remove(name);
        drop(old);
    }

    /// All attributes, with the device and number that stay while it is copied up
    /// (overlayfs.rst, "Inode properties").
    pub(crate) fn shown_status(&self) -> Result<FileStatus> {
        let (upper, origin) = {
            let state = self.state.lock();
            (state.upper.clone(), state.origin)
        };
        let lower = self.lower.first();
        let is_directory = self.kind == FileKind::Directory;
        let (mut status, layer) = match (&upper, lower) {
            (Some(upper), _) => (upper.status()?, None),
            (None, Some(lower)) => (lower.path.status()?, Some(lower.layer)),
            (None, None) => return Err(Error::NotFound),
        };
        let volume = &*self.volume;
        if volume.is_one_device {
            status.device = volume.device;
            match (lower, origin) {
                (Some(lower), _) if is_directory && upper.is_some() => {
                    status.inode = lower.path.status()?.inode;
                }
                (_, Some(origin)) if !is_directory => status.inode = origin.inode,
                _ => {}
            }
        } else if is_directory {
            status.device = volume.device;
            status.inode = self.number;
        } else {
            let layer = origin.map_or(layer, |origin| Some(origin.layer));
            status.device = match layer {
                Some(layer) => volume.lower.get(layer).map_or(0, |one| one.shown_device),
                None => volume
                    .upper
                    .as_ref()
                    .map_or(0, |upper| upper.layer.shown_device),
            };
            status.inode = origin.map_or(status.inode, |origin| origin.inode);
        }
        if is_directory && self.lower.len() + usize::from(upper.is_some()) > 1 {
            // Nobody counts the directories of all layers; one link says so to find(1).
            status.links = 1;
        }
        Ok(status)
    }

    /// Leaves its directory and the tables; returns the directory.
    fn leave(&mut self) -> Option<Arc<Node>> {
        let state = self.state.get_mut();
        let (upper, home) = (state.upper.take(), state.home.take());
        if let Some(upper) = upper
            && self.kind != FileKind::Directory
            && let Ok(status) = upper.status()
        {
            let mut known = self.volume.known.lock();
            let mine = |node: &Weak<Node>| node.ptr_eq(&self.me);
            if known.nodes.get(&status.inode).is_some_and(mine) {
                known.nodes.remove(&status.inode);
            }
            if status.links == 0 {
                known.origins.remove(&status.inode);
            }
        }
        let home = home?;
        let mut children = home.parent.children.lock();
        let mine = |node: &Weak<Node>| node.ptr_eq(&self.me);
        let gone = match children.get(&home.name).is_some_and(mine) {
            true => children.remove(&home.name),
            false => None,
        };
        drop(children);
        drop(gone);
        Some(home.parent)
    }
}

impl Drop for Node {
    /// Lets the chain of parents go in a loop: a tree may be deeper than a kernel stack.
    fn drop(&mut self) {
        let mut next = self.leave();
        while let Some(parent) = next {
            next = Arc::into_inner(parent).and_then(|mut parent| parent.leave());
        }
    }
}

/// The same inode as what it is here; another file system's cannot be entered.
pub(crate) fn own(inode: &Arc<dyn Inode>, volume: &Arc<Volume>) -> Result<Arc<Node>> {
    let any: Arc<dyn Any + Send + Sync> = inode.clone();
    let node = any.downcast::<Node>().map_err(|_| Error::CrossDevice)?;
    if Arc::ptr_eq(&node.volume, volume) {
        Ok(node)
    } else {
        Err(Error::CrossDevice)
    }
}
