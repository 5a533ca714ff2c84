//! What is asked of an address space, and what it tells.

use alloc::sync::Arc;

use bitflags::bitflags;
use hal::user::Access;

use crate::{MemoryObject, ObjectDescription, Pattern};

bitflags! {
    /// What may be done with the pages of an area.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Protection: u8 {
        /// They may be read.
        const READ = 1;
        /// They may be written.
        const WRITE = 2;
        /// They may be executed.
        const EXECUTE = 4;
    }
}

impl Protection {
    /// Whether an access of this kind is allowed. Neither architecture can write without reading.
    pub fn allows(self, access: Access) -> bool {
        match access {
            Access::Read => self.intersects(Protection::READ | Protection::WRITE),
            Access::Write => self.contains(Protection::WRITE),
            Access::Execute => self.contains(Protection::EXECUTE),
        }
    }
}

/// Who sees what is written to an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// This address space alone.
    Private,
    /// Everyone who maps the same object, and the object.
    Shared,
}

/// Where a mapping goes. Addresses and hints are rounded down to pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Wherever there is room; at this address if it is not 0 and there is room.
    Anywhere(usize),
    /// There, in the place of whatever was there.
    Fixed(usize),
    /// There, or `Error::Exists`.
    FixedNoReplace(usize),
}

/// What the pages of an area are.
#[derive(Clone)]
pub enum Backing {
    /// Zeros, until they are written to. With [`Sharing::Shared`], an object is made for them.
    Anonymous,
    /// Pages of an object.
    Object {
        /// The object.
        object: Arc<dyn MemoryObject>,
        /// Which of its bytes the area begins with; a multiple of the page size.
        offset: u64,
        /// The most that a later `protect` may allow.
        maximum: Protection,
    },
}

/// What an area is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AreaKind {
    /// Nothing special.
    #[default]
    Normal,
    /// Part of the program's image.
    Program,
    /// What grows with the break.
    Heap,
    /// Grows downwards when touched below its beginning.
    Stack {
        /// The most bytes it may grow to.
        limit: usize,
    },
    /// A page that the kernel gave to the program (signal return code, clock data).
    Kernel,
}

/// A mapping to be made.
#[derive(Clone)]
pub struct MapRequest {
    /// Where.
    pub placement: Placement,
    /// How long, in bytes; rounded up to pages.
    pub length: usize,
    /// What may be done with it.
    pub protection: Protection,
    /// Who sees what is written to it.
    pub sharing: Sharing,
    /// What it shows.
    pub backing: Backing,
    /// What it is for.
    pub kind: AreaKind,
}

impl MapRequest {
    /// A private anonymous mapping.
    pub fn anonymous(placement: Placement, length: usize, protection: Protection) -> Self {
        Self {
            placement,
            length,
            protection,
            sharing: Sharing::Private,
            backing: Backing::Anonymous,
            kind: AreaKind::Normal,
        }
    }
}

/// A mapping to be moved or resized.
#[derive(Clone, Copy, Debug)]
pub struct RemapRequest {
    /// Where it begins.
    pub address: usize,
    /// How long it is; 0 makes a second mapping of the same shared pages.
    pub old_length: usize,
    /// How long it shall be.
    pub new_length: usize,
    /// Whether it may move when there is no room.
    pub may_move: bool,
    /// Where it has to go, replacing what is there.
    pub fixed: Option<usize>,
    /// Whether the old range stays mapped, empty.
    pub keep_old: bool,
}

/// What a program knows about its future use of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nothing that would change anything.
    Normal,
    /// How the pages of an object will be touched.
    Expect(Pattern),
    /// The contents are not needed any more: anonymous pages become zero again.
    DontNeed,
    /// They will be needed soon.
    WillNeed,
    /// A forked process does not get the area.
    DontFork,
    /// A forked process gets the area.
    DoFork,
    /// A forked process gets the area with zeros.
    WipeOnFork,
    /// A forked process gets the area with its contents.
    KeepOnFork,
}

/// Why a fault cannot be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing is mapped there.
    Unmapped,
    /// What is mapped there does not allow this access.
    Protection,
    /// The object has no such page, or could not read it.
    Bus,
    /// No memory for it, and none could be won.
    OutOfMemory,
}

/// One area, as people are told about it (`/proc/PID/maps`).
#[derive(Clone, Debug)]
pub struct AreaInfo {
    /// First address.
    pub start: usize,
    /// First address after it.
    pub end: usize,
    /// What may be done with it.
    pub protection: Protection,
    /// Who sees what is written to it.
    pub sharing: Sharing,
    /// The object's byte that it begins with.
    pub offset: u64,
    /// The object, if it shows one.
    pub object: Option<ObjectDescription>,
    /// What it is for.
    pub kind: AreaKind,
    /// How many of its pages are present.
    pub resident_pages: usize,
}

/// How much memory an address space uses, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpaceStatistics {
    /// All areas.
    pub virtual_bytes: usize,
    /// The most that all areas ever were.
    pub virtual_peak: usize,
    /// Pages that are present.
    pub resident_bytes: usize,
    /// The most that was ever present.
    pub resident_peak: usize,
    /// Of the present ones, those that show an object.
    pub resident_file_bytes: usize,
    /// Writable private areas that are no stack.
    pub data_bytes: usize,
    /// Stack areas.
    pub stack_bytes: usize,
    /// Executable areas of the program.
    pub text_bytes: usize,
    /// Areas that the program has locked.
    pub locked_bytes: usize,
}
