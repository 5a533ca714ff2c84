//! The entries of a directory.
//!
//! Each entry gets a number when it is made, larger than all before it. Reading goes by these
//! numbers, so an entry that stays is shown exactly once however many come and go meanwhile, and a
//! position remains valid after the entry it came from is gone.
//!
//! A directory knows the one above it, which does not keep that alive: a directory that is found by a handle has no
//! name that led there.

use alloc::collections::BTreeMap;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use crate::inode::RamInode;

/// One entry.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Arc<[u8]>,
    pub(crate) inode: Arc<RamInode>,
}

/// All entries, by name and in the order of making.
#[derive(Default)]
pub(crate) struct Entries {
    by_name: BTreeMap<Arc<[u8]>, u64>,
    by_number: BTreeMap<u64, Entry>,
    last_number: u64,
    /// The directory itself.
    me: Weak<RamInode>,
    above: Weak<RamInode>,
}

impl Entries {
    /// The directory that these are the entries of.
    pub(crate) fn belong_to(&mut self, directory: &Arc<RamInode>) {
        self.me = Arc::downgrade(directory);
    }

    /// The directory itself, as those in it remember it.
    pub(crate) fn itself(&self) -> Weak<RamInode> {
        self.me.clone()
    }

    /// From now on the directory lies in another; returns the one before.
    pub(crate) fn lie_in(&mut self, above: Weak<RamInode>) -> Weak<RamInode> {
        core::mem::replace(&mut self.above, above)
    }

    /// The directory above, if there is one.
    pub(crate) fn above(&self) -> Option<Arc<RamInode>> {
        self.above.upgrade()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<Arc<RamInode>> {
        let number = self.by_name.get(name)?;
        self.by_number.get(number).map(|entry| entry.inode.clone())
    }

    /// Enters an inode under a name; returns what the name led to.
    pub(crate) fn insert(&mut self, name: &[u8], inode: Arc<RamInode>) -> Option<Arc<RamInode>> {
        if let Some(entry) = self
            .by_name
            .get(name)
            .and_then(|number| self.by_number.get_mut(number))
        {
            return Some(core::mem::replace(&mut entry.inode, inode));
        }
        self.last_number += 1;
        let name: Arc<[u8]> = name.into();
        self.by_name.insert(name.clone(), self.last_number);
        self.by_number
            .insert(self.last_number, Entry { name, inode });
        None
    }

    pub(crate) fn remove(&mut self, name: &[u8]) -> Option<Arc<RamInode>> {
        let number = self.by_name.remove(name)?;
        self.by_number.remove(&number).map(|entry| entry.inode)
    }

    /// Up to `count` entries with numbers above `number`.
    pub(crate) fn after(&self, number: u64, count: usize) -> Vec<(u64, Entry)> {
        let from = number.saturating_add(1);
        self.by_number
            .range(from..)
            .take(count)
            .map(|(&at, entry)| (at, entry.clone()))
            .collect()
    }

    /// Takes all entries out.
    pub(crate) fn take(&mut self) -> Vec<Arc<RamInode>> {
        self.by_name.clear();
        core::mem::take(&mut self.by_number)
            .into_values()
            .map(|entry| entry.inode)
            .collect()
    }
}
