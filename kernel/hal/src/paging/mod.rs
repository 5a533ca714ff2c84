//! Address spaces: page tables by a cursor, flushed once per batch.
//!
//! A [`PageTable`] is the right to change one user address space; a [`Cursor`] walks a range of
//! it, one page at a time. A [`Space`] is the same address space as a CPU sees it, something to
//! activate. Whoever holds that keeps the tables alive, but when the right to change it goes, all is
//! unmapped.
//!
//! What makes it fast: the cursor remembers the last table it stood in; nothing is flushed where
//! nothing was mapped before or where an access was only added; a flush goes to the CPUs that use
//! the space now, and others that did forget its translations when they next use it; and
//! identifiers (ASIDs) keep translations over a switch of spaces.

mod asid;
mod cursor;
mod flush;
mod space;

use bitflags::bitflags;

pub use cursor::{Cursor, Mapping, PageTable};
pub use space::{Space, deactivate};

bitflags! {
    /// What a mapping allows, and what the machine recorded about its use.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct PageFlags: u16 {
        /// The program may read.
        const READ = 1 << 0;
        /// The program may write; it may then read, too.
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

impl PageFlags {
    /// The part that says what is allowed.
    pub(crate) const ACCESS: Self = Self::READ.union(Self::WRITE).union(Self::EXECUTE);
}
