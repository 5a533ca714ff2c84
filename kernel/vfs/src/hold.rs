//! What an open file keeps until it closes: its claim on the inode, on the mount, and what else must not go away.

use alloc::sync::Arc;

use base::Result;
use object::FileKind;

use crate::fifo::Fifo;
use crate::inode::Inode;
use crate::mount::Mount;
use crate::mount_tree::MountTree;
use crate::options::OpenOptions;

/// What an open file keeps of its inode until it closes.
#[derive(Default)]
pub(crate) struct Hold {
    pub(crate) _claim: Option<WriteClaim>,
    pub(crate) _writer: Option<MountWriter>,
    /// The mounts that live as long as this file is open, unless they are attached somewhere.
    pub(crate) tree: Option<Arc<MountTree>>,
    /// The pipe of a fifo is found by the next opener only while somebody keeps it.
    pub(crate) _fifo: Option<Arc<dyn Fifo>>,
}

/// A file open for writing, as its mount counts it.
pub(crate) struct MountWriter(Arc<Mount>);

impl MountWriter {
    /// Counts a writer. The caller looks afterwards whether the mount is read-only.
    pub(crate) fn new(mount: &Arc<Mount>) -> Self {
        mount.begin_write();
        Self(mount.clone())
    }
}

impl Drop for MountWriter {
    fn drop(&mut self) {
        self.0.end_write();
    }
}

/// The claim of an open for writing (or for running) on its inode, given back when it closes.
pub(crate) struct WriteClaim {
    inode: Arc<dyn Inode>,
    running: bool,
}

impl WriteClaim {
    /// Claims what `options` need: [`Error::TextBusy`] when writing meets running.
    pub(crate) fn new(inode: &Arc<dyn Inode>, options: &OpenOptions) -> Result<Option<Self>> {
        let Some(attachments) = inode.attachments() else {
            return Ok(None);
        };
        if inode.kind() != FileKind::Regular {
            return Ok(None);
        }
        if options.execute {
            attachments.deny_write()?;
        } else if options.write || options.truncate {
            attachments.begin_write()?;
        } else {
            return Ok(None);
        }
        Ok(Some(Self {
            inode: inode.clone(),
            running: options.execute,
        }))
    }
}

impl Drop for WriteClaim {
    fn drop(&mut self) {
        if let Some(attachments) = self.inode.attachments() {
            if self.running {
                attachments.allow_write()
            } else {
                attachments.end_write()
            }
        }
    }
}
