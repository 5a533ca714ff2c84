//! Address spaces: page tables by a cursor, flushed once per batch.

use alloc::sync::Arc;
use core::ops::Range;

use bitflags::bitflags;

use crate::frame::Frame;
use crate::{OutOfMemory, PAGE_SIZE};

bitflags! {
    /// What a mapping allows, and what the machine recorded about its use.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PageFlags: u16 {
        /// The program may read.
        const READ = 1 << 0;
        /// The program may write.
        const WRITE = 1 << 1;
        /// The program may execute.
        const EXECUTE = 1 << 2;
        /// The page was used (set by the machine, or at once where the machine does not).
        const ACCESSED = 1 << 3;
        /// The page was written (set by the machine, or at once where the machine does not).
        const DIRTY = 1 << 4;
        /// A mark for the layer above; the machine ignores it.
        const SHARED = 1 << 5;
    }
}

/// What is mapped at one page.
#[derive(Clone)]
pub struct Mapping {
    /// The frame, with an owner of its own.
    pub frame: Frame,
    /// What is allowed, and what was recorded.
    pub flags: PageFlags,
}

/// One user address space, for whoever may change it.
pub struct PageTable {
    space: Arc<Space>,
}

/// One user address space, for whoever activates it: a root and its address space identifier.
/// It keeps its tables and the frames they map alive while any CPU uses them.
pub struct Space {
    _private: (),
}

impl PageTable {
    /// An empty address space.
    pub fn new() -> Result<Self, OutOfMemory> {
        Ok(Self {
            space: Arc::new(Space { _private: () }),
        })
    }

    /// A cursor at the start of `range` (page aligned, within user addresses; panics otherwise).
    pub fn cursor(&mut self, range: Range<usize>) -> Cursor<'_> {
        Cursor {
            address: range.start,
            range,
            table: self,
        }
    }

    /// The space to activate.
    pub fn space(&self) -> &Arc<Space> {
        &self.space
    }
}

impl Space {
    /// Makes this the address space of this CPU's user mode and user copies.
    pub fn activate(self: &Arc<Self>) {}
}

/// Leaves this CPU without a user address space: every user copy faults.
pub fn deactivate() {}

/// A position in a range of an address space. `map`, `unmap`, `protect` and `query` act on the
/// page at the position and step to the next. Dropping the cursor flushes what needs it, once,
/// and only then gives up the frames that were unmapped.
pub struct Cursor<'a> {
    table: &'a mut PageTable,
    range: Range<usize>,
    address: usize,
}

impl Cursor<'_> {
    /// The address of the page the cursor stands at; the end of its range when it is through.
    pub fn address(&self) -> usize {
        self.address
    }

    /// Moves to `address` (page aligned, in the range or its end; panics otherwise).
    pub fn seek(&mut self, address: usize) {
        assert!(address >= self.range.start && address <= self.range.end);
        self.address = address;
    }

    /// What is mapped here; steps on.
    pub fn query(&mut self) -> Option<Mapping> {
        self.address += PAGE_SIZE;
        None
    }

    /// Maps `frame` here, in place of what was here; steps on unless it fails.
    pub fn map(&mut self, frame: Frame, flags: PageFlags) -> Result<(), OutOfMemory> {
        let _ = (frame, flags, &mut self.table);
        Err(OutOfMemory)
    }

    /// Unmaps what is here; steps on. Returns whether there was something.
    pub fn unmap(&mut self) -> bool {
        self.address += PAGE_SIZE;
        false
    }

    /// Changes what the mapping here allows (the recorded flags are set to what is given too);
    /// steps on. Returns whether there was one.
    pub fn protect(&mut self, flags: PageFlags) -> bool {
        let _ = flags;
        self.address += PAGE_SIZE;
        false
    }

    /// Moves to the next page at or after the position that is mapped, and returns its address;
    /// moves to the end of the range and returns `None` if there is none.
    pub fn next_mapped(&mut self) -> Option<usize> {
        self.address = self.range.end;
        None
    }
}
