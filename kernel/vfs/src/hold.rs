//! What an open file keeps until it closes: its claim on the inode, on the mount, and what else must not go away.
//!
//! While a file is being opened its claims are guards, so that an open that fails gives them back; the open file
//! then keeps them as two bits ([`Claims`]), since it holds the inode and the mount anyway.

use alloc::sync::Arc;
use core::mem;

use base::Result;
use object::FileKind;

use crate::fifo::Fifo;
use crate::inode::Inode;
use crate::mount::Mount;
use crate::mount_tree::MountTree;
use crate::options::OpenOptions;
use crate::path::Path;

/// What an open file keeps alive.
#[derive(Default)]
pub(crate) struct Hold {
    /// The mounts that live as long as this file is open, unless they are attached somewhere.
    pub(crate) tree: Option<Arc<MountTree>>,
    /// The pipe of a fifo is found by the next opener only while somebody keeps it.
    pub(crate) _fifo: Option<Arc<dyn Fifo>>,
}

bitflags::bitflags! {
    /// What an open file has claimed, and gives back when it closes.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Claims: u8 {
        /// It is counted among the writers of its inode.
        const WRITES = 1;
        /// It is counted among the programs that run its inode.
        const RUNS = 2;
        /// It is counted among the writers of its mount.
        const WRITES_MOUNT = 4;
    }
}

impl Claims {
    /// Gives back what was claimed at a place.
    #[inline]
    pub(crate) fn give_back(self, place: &Path) {
        if !self.is_empty() {
            self.give_all_back(place);
        }
    }

    #[inline(never)]
    fn give_all_back(self, place: &Path) {
        if let Some(attachments) = place.inode().attachments() {
            if self.contains(Claims::WRITES) {
                attachments.end_write();
            }
            if self.contains(Claims::RUNS) {
                attachments.allow_write();
            }
        }
        if self.contains(Claims::WRITES_MOUNT) {
            place.mount.end_write();
        }
    }
}

/// A file being opened for writing, as its mount counts it.
pub(crate) struct MountWriter<'a>(&'a Mount);

impl<'a> MountWriter<'a> {
    /// Counts a writer. The caller looks afterwards whether the mount is read-only.
    pub(crate) fn new(mount: &'a Mount) -> Self {
        mount.begin_write();
        Self(mount)
    }

    /// The claim that the open file keeps.
    pub(crate) fn keep(self) -> Claims {
        mem::forget(self);
        Claims::WRITES_MOUNT
    }
}

impl Drop for MountWriter<'_> {
    fn drop(&mut self) {
        self.0.end_write();
    }
}

/// The claim of an open for writing (or for running) on its inode, while it is being opened.
pub(crate) struct WriteClaim<'a> {
    inode: &'a Arc<dyn Inode>,
    running: bool,
}

impl<'a> WriteClaim<'a> {
    /// Claims what `options` need: [`base::Error::TextBusy`] when writing meets running.
    #[inline]
    pub(crate) fn new(
        inode: &'a Arc<dyn Inode>,
        kind: FileKind,
        options: &OpenOptions,
    ) -> Result<Option<Self>> {
        let writes = options.write || options.truncate;
        if kind != FileKind::Regular || !(options.execute || writes) {
            return Ok(None);
        }
        Self::claim(inode, options.execute)
    }

    #[inline(never)]
    fn claim(inode: &'a Arc<dyn Inode>, running: bool) -> Result<Option<Self>> {
        let Some(attachments) = inode.attachments() else {
            return Ok(None);
        };
        if running {
            attachments.deny_write()?;
        } else {
            attachments.begin_write()?;
        }
        Ok(Some(Self { inode, running }))
    }

    /// The claim that the open file keeps.
    pub(crate) fn keep(self) -> Claims {
        let claims = match self.running {
            true => Claims::RUNS,
            false => Claims::WRITES,
        };
        mem::forget(self);
        claims
    }
}

impl Drop for WriteClaim<'_> {
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
