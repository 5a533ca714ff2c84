//! Which address spaces show pages of a file.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use crate::AddressSpace;

/// Address spaces that may show pages of the file. The list may name one twice, and ones that do
/// not show it any more; it is tidied whenever it would grow.
#[derive(Default)]
pub(super) struct Mappings {
    spaces: Vec<Weak<AddressSpace>>,
}

impl Mappings {
    /// Adds a space. What is returned is to be dropped outside the lock.
    pub(super) fn add(&mut self, space: &Weak<AddressSpace>) -> Vec<Weak<AddressSpace>> {
        let mut dead = Vec::new();
        if self.spaces.last().is_some_and(|last| last.ptr_eq(space)) {
            return dead;
        }
        if self.spaces.len() == self.spaces.capacity() {
            self.spaces
                .sort_unstable_by_key(|space| space.as_ptr().addr());
            self.spaces.dedup_by(|one, two| one.ptr_eq(two));
            let mut index = 0;
            while index < self.spaces.len() {
                if self.spaces[index].strong_count() == 0 {
                    dead.push(self.spaces.swap_remove(index));
                } else {
                    index += 1;
                }
            }
        }
        self.spaces.push(space.clone());
        dead
    }

    /// The spaces that still exist.
    pub(super) fn living(&self) -> Vec<Arc<AddressSpace>> {
        let mut spaces: Vec<_> = self.spaces.iter().filter_map(Weak::upgrade).collect();
        spaces.sort_unstable_by_key(|space| space.identity());
        spaces.dedup_by_key(|space| space.identity());
        spaces
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spaces.is_empty()
    }
}
