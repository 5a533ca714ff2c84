//! What a file's page cache asks.

use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, Ordering};

use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::PageSource;

use crate::DiskNode;

/// The pages of a file on a disk.
pub(crate) struct FilePages<N> {
    node: Weak<N>,
    /// The file had no name left when its last use ended.
    buried: Arc<AtomicBool>,
}

impl<N: DiskNode> FilePages<N> {
    pub(crate) fn new(node: Weak<N>, buried: Arc<AtomicBool>) -> Self {
        FilePages { node, buried }
    }

    fn node(&self) -> Result<Arc<N>> {
        self.node.upgrade().ok_or(Error::InputOutput)
    }
}

impl<N: DiskNode> PageSource for FilePages<N> {
    fn read_page(&self, index: u64, frame: &Frame) -> Result<()> {
        self.read_pages(index, core::slice::from_ref(frame))
    }

    fn write_page(&self, index: u64, frame: &Frame) -> Result<()> {
        self.write_pages(index, core::slice::from_ref(frame))
    }

    fn read_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        self.node()?.read_from_disk(first, frames)
    }

    fn write_pages(&self, first: u64, frames: &[Frame]) -> Result<()> {
        match self.node() {
            // Pages of a file that is gone: nobody will miss them.
            Err(_) if self.buried.load(Ordering::Acquire) => Ok(()),
            node => node?.write_to_disk(first, frames),
        }
    }

    fn prepare_write(&self, index: u64) -> Result<()> {
        let node = self.node()?;
        let begin = index * PAGE_SIZE as u64;
        let end = node.end()?.min(begin + PAGE_SIZE as u64);
        node.find_room(begin, end)?;
        node.note_written();
        Ok(())
    }
}
