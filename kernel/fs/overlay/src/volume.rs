//! What all nodes of one overlay share: the layers, the work directory, the numbers.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Weak;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use base::rank;
use base::sync::{Mutex, SpinLock};
use base::{Error, Result};
use vfs::{Name, Path, layer};

use crate::node::Node;

/// A tree of the stack.
pub(crate) struct Layer {
    /// Its top, in a mount of its own: nothing that is mounted in it is seen.
    pub(crate) root: Path,
    /// The device number that files of its file system are shown with, where the layers lie on
    /// several.
    pub(crate) shown_device: u64,
}

impl Layer {
    /// The tree at `place`.
    pub(crate) fn new(place: &Path, shown_device: u64) -> Self {
        Self {
            root: layer::top_of(place),
            shown_device,
        }
    }

    /// The number of the file system it lies on.
    pub(crate) fn device(&self) -> u64 {
        self.root.mount().volume().device()
    }
}

/// The layer that is written to.
pub(crate) struct Upper {
    pub(crate) layer: Layer,
    /// Where things are made complete before they appear.
    pub(crate) work: Layer,
}

/// Where a file that was copied up came from: that is the number it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) layer: usize,
    pub(crate) inode: u64,
}

/// What is known of files of the upper layer, by their inode numbers there.
#[derive(Default)]
pub(crate) struct Known {
    /// The node of each file that is no directory: one, however many names it has.
    pub(crate) nodes: BTreeMap<u64, Weak<Node>>,
    /// Of those that were copied up since the mount.
    pub(crate) origins: BTreeMap<u64, Origin>,
}

/// See the module.
pub(crate) struct Volume {
    pub(crate) device: u64,
    pub(crate) upper: Option<Upper>,
    /// Topmost first.
    pub(crate) lower: Vec<Layer>,
    /// Whether all layers lie on one file system.
    pub(crate) is_one_device: bool,
    /// What the names of the overlay's own marks begin with.
    pub(crate) prefix: &'static str,
    /// The options as `mount` shows them.
    pub(crate) options: Vec<u8>,
    pub(crate) depth: u16,
    /// Held while names in the upper layer change.
    pub(crate) names: Mutex<()>,
    pub(crate) known: SpinLock<Known>,
    next_temporary: AtomicU64,
    next_number: AtomicU64,
}

impl Volume {
    /// An overlay of these layers; `lower` is topmost first.
    pub(crate) fn new(
        upper: Option<Upper>,
        lower: Vec<Layer>,
        prefix: &'static str,
        options: Vec<u8>,
    ) -> Self {
        let all = upper.iter().map(|upper| &upper.layer).chain(&lower);
        let devices: Vec<u64> = all.clone().map(Layer::device).collect();
        let depths = all.map(|layer| layer.root.mount().volume().filesystem().stack_depth());
        Self {
            device: vfs::allocate_device(),
            is_one_device: devices.windows(2).all(|pair| pair[0] == pair[1]),
            depth: depths.max().unwrap_or(0) + 1,
            upper,
            lower,
            prefix,
            options,
            names: Mutex::new(rank::LAYER_NAMES, ()),
            known: SpinLock::new(rank::INODE, Known::default()),
            next_temporary: AtomicU64::new(1),
            next_number: AtomicU64::new(1),
        }
    }

    /// The writable layer; [`Error::ReadOnlyFileSystem`] without one, and while its file system is read-only.
    pub(crate) fn writable(&self) -> Result<&Upper> {
        let writable = |upper: &&Upper| !upper.layer.root.mount().volume().is_read_only();
        let upper = self.upper.as_ref().filter(writable);
        upper.ok_or(Error::ReadOnlyFileSystem)
    }

    /// A name that nothing in the work directory has.
    pub(crate) fn temporary(&self) -> String {
        format!("#{:x}", self.next_temporary.fetch_add(1, Ordering::Relaxed))
    }

    /// A number for a directory that has none of its own.
    pub(crate) fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    /// Where a file of the upper layer came from.
    pub(crate) fn origin_of(&self, inode: u64) -> Option<Origin> {
        self.known.lock().origins.get(&inode).copied()
    }
}

/// A temporary or a fixed name, which are sound by themselves.
pub(crate) fn name_of(text: &str) -> Result<Name<'_>> {
    Name::new(text.as_bytes())
}
