//! What an area of an address space may show: pages that belong to something.

use alloc::string::String;
use alloc::sync::Weak;

use base::Result;
use hal::frame::Frame;
use hal::user::Access;

use crate::{AddressSpace, Pattern};

/// What people are told about a memory object (`/proc/PID/maps`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectDescription {
    /// A path or another name.
    pub name: String,
    /// The device of the file, or 0.
    pub device: u64,
    /// The inode number of the file, or 0.
    pub inode: u64,
}

/// Pages that address spaces may map: a file, shared memory, a device.
pub trait MemoryObject: Send + Sync {
    /// The page at `index`, brought in if need be; this may sleep. Beyond the end:
    /// `Error::OutOfRange`. [`Access::Write`] announces that it will be changed through a shared
    /// mapping.
    fn page(&self, index: u64, access: Access) -> Result<Frame>;

    /// As [`MemoryObject::page`], for somebody who said how it will go on.
    fn page_expected(&self, index: u64, access: Access, _pattern: Pattern) -> Result<Frame> {
        self.page(index, access)
    }

    /// `count` pages from `first` on will be needed soon.
    fn will_need(&self, _first: u64, _count: u64) {}

    /// The pages from `first` on that are here right now; this never sleeps. Used to map a page's
    /// neighbours along with it, so what is not cheap may be left `None`.
    fn resident(&self, _first: u64, _pages: &mut [Option<Frame>]) {}

    /// Whether a shared mapping may be made writable before it is written to. An object that has
    /// to know which pages are dirty says `false`.
    fn writable_early(&self) -> bool {
        true
    }

    /// A number that changes whenever pages cease to belong to the object. A fault that saw it
    /// change between fetching a page and mapping it starts again.
    fn generation(&self) -> u64 {
        0
    }

    /// A number that no other memory object of this machine has.
    fn identity(&self) -> u64;

    /// `space` is about to show pages of this object: it has to be told when they are cut off
    /// ([`AddressSpace::forget_object`]). Called under its lock; must not sleep.
    fn mapped_by(&self, _space: &Weak<AddressSpace>) {}

    /// An area shows the object now: one that was mapped, forked, or split off another. Called under the
    /// address space's lock; must not sleep.
    fn area_added(&self) {}

    /// An area that showed the object is gone, or was joined with another. Called as
    /// [`MemoryObject::area_added`].
    fn area_removed(&self) {}

    /// How many bytes it is attached with, if it is one that is detached as a whole
    /// ([`AddressSpace::detach_object`]).
    fn attached_length(&self) -> Option<u64> {
        None
    }

    /// Brings the dirty ones of `count` pages from `first` on to where they are stored.
    fn sync(&self, _first: u64, _count: u64) -> Result<()> {
        Ok(())
    }

    /// What people are told about it.
    fn describe(&self) -> ObjectDescription;
}
