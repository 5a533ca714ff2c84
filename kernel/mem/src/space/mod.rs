//! Address spaces.
//!
//! An [`AddressSpace`] is an ordered map of areas ([`area`], [`map`]) and a page table. Areas say
//! what should be there, the table holds what is there already; [`fault`] brings the second up to
//! the first, one page (or, for file pages that are in memory, sixteen) at a time.
//!
//! Who owns a page decides everything about copy-on-write, and the frame's own reference count
//! says it: a private page whose frame has one owner, this table, may be written in place; one
//! with more owners (the parent's table, a page cache, the page of zeros) is copied first.
//!
//! One sleeping lock guards areas and table. It is never held while an object brings in a page,
//! because that may need locks that others hold while they access user memory.

mod area;
mod brk;
mod fault;
mod fork;
mod info;
mod inner;
mod map;
mod mapping;
mod object_pages;
mod place;
mod protect;
mod remap;
mod remote;
mod request;
#[cfg(test)]
mod tests;

use alloc::sync::{Arc, Weak};
use core::any::Any;

use base::Result;
use base::rank;
use base::sync::Mutex;
use base::thread::UserSpace;
use hal::paging::{PageTable, Space};

use inner::Inner;
pub use request::{
    Advice, AreaInfo, AreaKind, Backing, FaultKind, MapRequest, Placement, Protection,
    RemapRequest, Sharing, SpaceStatistics,
};

use crate::identity::next_identity;

/// What a process sees as its memory.
pub struct AddressSpace {
    identity: u64,
    weak: Weak<AddressSpace>,
    space: Arc<Space>,
    inner: Mutex<Inner>,
}

impl AddressSpace {
    /// An empty address space, with a random place for mappings that may go anywhere.
    pub fn new() -> Result<Arc<Self>> {
        let table = PageTable::new()?;
        Ok(Self::with_table(table, place::Window::random()))
    }

    /// An empty address space, with the same place for mappings that may go anywhere each time.
    pub fn new_fixed() -> Result<Arc<Self>> {
        let table = PageTable::new()?;
        Ok(Self::with_table(table, place::Window::fixed()))
    }

    fn with_table(table: PageTable, window: place::Window) -> Arc<Self> {
        let space = table.space().clone();
        Arc::new_cyclic(|weak| Self {
            identity: next_identity(),
            weak: weak.clone(),
            space,
            inner: Mutex::new(rank::ADDRESS_SPACE, Inner::new(table, window)),
        })
    }

    /// The address space of the current thread.
    pub fn current() -> Option<Arc<Self>> {
        let space = base::thread::current().user_space()?;
        space.as_any().downcast().ok()
    }

    /// Makes it the current thread's: from now on this thread's user mode and its accesses to
    /// user memory see it.
    pub fn attach(self: &Arc<Self>) {
        base::thread::current().set_user_space(Some(self.clone()));
    }

    /// Leaves the current thread without an address space.
    pub fn detach() {
        base::thread::current().set_user_space(None);
    }

    /// A number that no other address space or memory object of this machine has.
    pub fn identity(&self) -> u64 {
        self.identity
    }
}

impl UserSpace for AddressSpace {
    fn activate(&self) {
        self.space.activate();
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
