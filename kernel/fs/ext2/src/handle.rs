//! Inodes found again by number and generation (open_by_handle_at(2)).
//!
//! A number may be any that somebody made up, so nothing here is damage: what is not a living inode with a name is
//! [`Error::Stale`].

use alloc::sync::Arc;

use base::{Error, Result};
use fs_disk::own;
use vfs::{FileHandle, Inode};

use crate::inode::Node;
use crate::volume::{ROOT, Volume};

impl Volume {
    /// The inode with a handle, if it still has a name.
    pub(crate) fn find_handle(self: &Arc<Self>, handle: FileHandle) -> Result<Arc<Node>> {
        let number = u32::try_from(handle.inode).map_err(|_| Error::Stale)?;
        let mut meta = self.meta();
        let measures = meta.measures;
        let possible = number == ROOT || number >= measures.first_inode;
        if !possible || measures.locate_inode(number).is_none() || !meta.is_taken(number)? {
            return Err(Error::Stale);
        }
        let node = match self.living(number) {
            Some(node) => node,
            None => {
                let record = meta.read_inode(number)?;
                if record.links == 0 || record.kind().is_none() {
                    return Err(Error::Stale);
                }
                self.node(&mut meta, number)?
            }
        };
        match node.links() > 0 && node.record().generation == handle.generation {
            true => Ok(node),
            false => Err(Error::Stale),
        }
    }

    /// The directory that a directory lies in.
    pub(crate) fn directory_above(
        self: &Arc<Self>,
        directory: &Arc<dyn Inode>,
    ) -> Result<Arc<Node>> {
        let node = own(directory, self)?;
        let mut meta = self.meta();
        let place = meta.parent_name(node.number, &node.record())?;
        self.node(&mut meta, place.inode)
    }
}
