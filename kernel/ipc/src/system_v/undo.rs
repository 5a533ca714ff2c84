//! Which processes have adjustments of semaphores that are undone at their end (`SEM_UNDO`).
//!
//! The adjustments themselves lie with the sets. Here is only who has any, and where, so that the end of
//! a process that never had one costs one look.

use alloc::collections::{BTreeMap, BTreeSet};
use core::sync::atomic::{AtomicUsize, Ordering};

use base::sync::SpinLock;

use super::{DETAIL, Namespace};

/// The sets that each process has adjustments in.
pub(super) struct Undoers {
    processes: AtomicUsize,
    sets: SpinLock<BTreeMap<u32, BTreeSet<i32>>>,
}

impl Undoers {
    pub(super) fn new() -> Undoers {
        Undoers {
            processes: AtomicUsize::new(0),
            sets: SpinLock::new(DETAIL, BTreeMap::new()),
        }
    }

    pub(super) fn add(&self, process: u32, set: i32) {
        let mut sets = self.sets.lock();
        sets.entry(process).or_default().insert(set);
        self.processes.store(sets.len(), Ordering::Relaxed);
    }

    pub(super) fn remove(&self, process: u32, set: i32) {
        let mut sets = self.sets.lock();
        if let Some(own) = sets.get_mut(&process) {
            own.remove(&set);
            if own.is_empty() {
                sets.remove(&process);
            }
        }
        self.processes.store(sets.len(), Ordering::Relaxed);
    }

    /// The sets of a process, which has none from now on.
    fn take(&self, process: u32) -> BTreeSet<i32> {
        if self.processes.load(Ordering::Relaxed) == 0 {
            return BTreeSet::new();
        }
        let mut sets = self.sets.lock();
        let own = sets.remove(&process).unwrap_or_default();
        self.processes.store(sets.len(), Ordering::Relaxed);
        own
    }
}

impl Namespace {
    /// A process has ended, or shares its adjustments with nobody any more: what it did to semaphores with
    /// `undo` is undone.
    pub fn undo_adjustments(&self, process: u32) {
        for id in self.undoers.take(process) {
            if let Ok(set) = self.sets.find(id) {
                set.undo(process);
            }
        }
    }
}
