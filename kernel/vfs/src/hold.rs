//! What an open file keeps until it closes: its claim on the inode, on the mount, and what else must not go away.
//!
//! While a file is being opened its claims are guards, so that an open that fails gives them back; the open file
//! then keeps them as bits ([`Claims`]), since it holds the inode and the mount anyway. With the first mapping they go to
//! what its mappings share with it ([`MappedClaims`]).

use alloc::sync::Arc;
use core::mem;

use base::Result;
use object::FileKind;

use crate::attachments::Attachments;
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
        /// It is counted among those who only read its inode.
        const READS = 8;
        /// Nothing: this opening made the file.
        const MADE = 16;
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
            self.give_inode_back(attachments);
        }
        if self.contains(Claims::WRITES_MOUNT) {
            place.mount.end_write();
        }
    }

    #[inline]
    fn give_inode_back(self, attachments: &Attachments) {
        if self.contains(Claims::READS) {
            attachments.end_read();
        }
        if self.contains(Claims::WRITES) {
            attachments.end_write();
        }
        if self.contains(Claims::RUNS) {
            attachments.allow_write();
        }
    }
}

/// What an open file has claimed at a place, once it has been mapped: its mappings keep that with it, so that it is given
/// back with the last of them, and counted once.
pub(crate) struct MappedClaims {
    place: Path,
    claims: Claims,
}

impl MappedClaims {
    /// Takes the claims over.
    pub(crate) fn new(place: &Path, claims: Claims) -> Self {
        let place = place.clone();
        Self { place, claims }
    }
}

impl Drop for MappedClaims {
    fn drop(&mut self) {
        self.claims.give_back(&self.place);
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

/// The claim of an open on its inode, while it is being opened: for writing, for running, or only for reading.
pub(crate) struct InodeClaim<'a> {
    inode: &'a Arc<dyn Inode>,
    claims: Claims,
}

impl<'a> InodeClaim<'a> {
    /// Claims what `options` need: [`base::Error::TextBusy`] when writing meets running.
    #[inline]
    pub(crate) fn new(
        inode: &'a Arc<dyn Inode>,
        kind: FileKind,
        options: &OpenOptions,
    ) -> Result<Option<Self>> {
        if kind != FileKind::Regular {
            return Ok(None);
        }
        let Some(attachments) = inode.attachments() else {
            return Ok(None);
        };
        let claims = if options.execute {
            attachments.deny_write()?;
            Claims::RUNS
        } else if options.write {
            attachments.begin_write()?;
            Claims::WRITES
        } else {
            attachments.begin_read();
            Claims::READS
        };
        Ok(Some(Self { inode, claims }))
    }

    /// The claim that the open file keeps.
    pub(crate) fn keep(self) -> Claims {
        let claims = self.claims;
        mem::forget(self);
        claims
    }
}

impl Drop for InodeClaim<'_> {
    fn drop(&mut self) {
        if let Some(attachments) = self.inode.attachments() {
            self.claims.give_inode_back(attachments);
        }
    }
}
