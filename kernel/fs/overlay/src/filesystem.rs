//! The instance: its name, its root, its numbers.

use alloc::sync::Arc;
use alloc::vec::Vec;

use base::Result;
use vfs::{FileSystem, FileSystemStatistics, Inode};

use crate::node::{Lower, Node};
use crate::volume::{Layer, Volume};

/// Linux's magic number of overlay (`OVERLAYFS_SUPER_MAGIC`).
const OVERLAY_MAGIC: u64 = 0x794c_7630;

/// Layers, shown as one file system.
pub struct OverlayFs {
    volume: Arc<Volume>,
    root: Arc<Node>,
}

impl OverlayFs {
    pub(crate) fn over(volume: Volume) -> Result<Arc<Self>> {
        let volume = Arc::new(volume);
        let upper = volume.upper.as_ref();
        let upper = upper.map(|upper| upper.layer.root.clone());
        let lower = volume.lower.iter().enumerate().map(|(layer, one)| Lower {
            layer,
            path: one.root.clone(),
        });
        let root = Node::new(&volume, upper, lower.collect(), None)?;
        Ok(Arc::new(Self { volume, root }))
    }

    pub(crate) fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    /// The layer that statistics are of: the upper, or the topmost.
    fn shown_layer(&self) -> Option<&Layer> {
        match &self.volume.upper {
            Some(upper) => Some(&upper.layer),
            None => self.volume.lower.first(),
        }
    }
}

impl FileSystem for OverlayFs {
    fn name(&self) -> &'static str {
        "overlay"
    }

    fn device(&self) -> u64 {
        self.volume.device
    }

    fn root(&self) -> Arc<dyn Inode> {
        self.root.clone()
    }

    fn statistics(&self) -> FileSystemStatistics {
        let layer = self.shown_layer();
        let below = layer.map(|one| one.root.mount().volume().filesystem().statistics());
        FileSystemStatistics {
            magic: OVERLAY_MAGIC,
            name_length: vfs::NAME_MAX as u64,
            ..below.unwrap_or_default()
        }
    }

    fn sync(&self) -> Result<()> {
        match &self.volume.upper {
            Some(upper) => upper.layer.root.mount().volume().filesystem().sync(),
            None => Ok(()),
        }
    }

    fn is_read_only(&self) -> bool {
        self.volume.writable().is_err()
    }

    fn written_below(&self) -> Option<&Arc<vfs::Volume>> {
        let upper = self.volume.upper.as_ref()?;
        Some(upper.layer.root.mount().volume())
    }

    fn options(&self) -> Vec<u8> {
        self.volume.options.clone()
    }

    fn stack_depth(&self) -> u16 {
        self.volume.depth
    }
}
