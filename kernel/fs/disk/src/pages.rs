//! What a file's page cache asks.

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};

use base::{Error, Result};
use hal::PAGE_SIZE;
use hal::frame::Frame;
use mem::{Ahead, PageSource, Storing};

use crate::DiskNode;
use crate::uses::{Use, Uses};

/// The pages of a file on a disk.
pub(crate) struct FilePages<N> {
    node: Weak<N>,
    /// The file had no name left when its last use ended.
    buried: Arc<AtomicBool>,
    uses: Arc<Uses>,
    grain: usize,
    ahead: Option<Arc<Ahead>>,
}

impl<N: DiskNode> FilePages<N> {
    /// See [`PageSource::grain`] and [`Live::new`](crate::Live::new).
    pub(crate) fn new(
        node: Weak<N>,
        buried: Arc<AtomicBool>,
        uses: Arc<Uses>,
        grain: usize,
        ahead: Option<Arc<Ahead>>,
    ) -> Self {
        FilePages {
            node,
            buried,
            uses,
            grain,
            ahead,
        }
    }

    fn node(&self) -> Result<Use<'_, N>> {
        self.uses
            .begin(|| self.node.upgrade())
            .ok_or(Error::InputOutput)
    }
}

impl<N: DiskNode> PageSource for FilePages<N> {
    fn ahead(&self) -> Option<Arc<Ahead>> {
        self.ahead.clone()
    }

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

    fn begin_write(&self, first: u64, frames: &[Frame]) -> Result<Option<Box<dyn Storing>>> {
        match self.node() {
            Err(_) if self.buried.load(Ordering::Acquire) => Ok(None),
            node => node?.begin_to_disk(first, frames),
        }
    }

    fn prepare_write(&self, index: u64, within: Range<usize>) -> Result<()> {
        let node = self.node()?;
        let page = index * PAGE_SIZE as u64;
        let end = node.end()?.min(page + within.end as u64);
        node.find_room(page + within.start as u64, end)?;
        node.note_written();
        Ok(())
    }

    fn wait_for_room(&self) -> bool {
        // Not as a use of the node: those are what is waited for.
        let volume = self.node().map(|node| node.volume.clone());
        volume.is_ok_and(|volume| volume.wait_for_room())
    }

    fn became_dirty(&self) {
        if let Ok(node) = self.node() {
            node.note_written();
        }
    }

    fn mapped_for_writing(&self) {
        if let Ok(node) = self.node() {
            node.changed_by_mapping();
        }
    }

    fn grain(&self) -> usize {
        self.grain
    }
}
