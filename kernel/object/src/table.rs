//! The handle table: from the small numbers that a process uses to the objects it holds.
//!
//! One table belongs to one process (threads share it). A lookup takes one short spin lock and
//! clones one `Arc`. Whatever leaves the table is dropped by the caller, outside the lock: the
//! last close of a file may sleep.

use alloc::vec::Vec;

use alloc::sync::Arc;
use base::sync::SpinLock;
use base::{Error, Result, Room, rank, room};

use crate::{File, Handle, Rights};

/// The number of a handle in its table.
pub type Slot = usize;

/// More slots than this no table has, whatever its limit says.
const MAXIMUM_SLOTS: usize = 1 << 20;

/// The handles of one process.
pub struct HandleTable {
    inner: SpinLock<Inner>,
}

struct Inner {
    slots: Vec<Option<Handle>>,
    /// No slot below this one is free.
    lowest_free: Slot,
    limit: usize,
}

impl HandleTable {
    /// An empty table with room for `limit` handles.
    pub fn new(limit: usize) -> Self {
        let inner = Inner {
            slots: Vec::new(),
            lowest_free: 0,
            limit: limit.min(MAXIMUM_SLOTS),
        };
        Self {
            inner: SpinLock::new(rank::HANDLES, inner),
        }
    }

    /// Puts `handle` into the lowest free slot that is not below `minimum`.
    pub fn insert(&self, handle: Handle, minimum: Slot) -> Result<Slot> {
        let mut inner = self.inner.lock();
        let slot = inner.free_slot(minimum)?;
        inner.reserve(slot)?;
        inner.put(slot, handle);
        Ok(slot)
    }

    /// Like [`insert`](Self::insert), for an ABI whose programs know no slot from `end` on.
    pub fn insert_below(&self, handle: Handle, end: Slot) -> Result<Slot> {
        let mut inner = self.inner.lock();
        let slot = inner.free_slot(0)?;
        if slot >= end {
            return Err(Error::TooManyHandles);
        }
        inner.reserve(slot)?;
        inner.put(slot, handle);
        Ok(slot)
    }

    /// Puts two handles into the two lowest free slots, or neither.
    pub fn insert_pair(&self, first: Handle, second: Handle) -> Result<(Slot, Slot)> {
        let mut inner = self.inner.lock();
        let one = inner.free_slot(0)?;
        let two = inner.free_slot(one + 1)?;
        inner.reserve(two)?;
        inner.put(one, first);
        inner.put(two, second);
        Ok((one, two))
    }

    /// Puts `handle` into `slot` and returns what was there. The caller drops it.
    pub fn insert_at(&self, slot: Slot, handle: Handle) -> Result<Option<Handle>> {
        let mut inner = self.inner.lock();
        if slot >= inner.limit {
            return Err(Error::BadHandle);
        }
        inner.reserve(slot)?;
        let old = inner.take(slot);
        inner.put(slot, handle);
        Ok(old)
    }

    /// The handle in `slot`.
    pub fn get(&self, slot: Slot) -> Result<Handle> {
        let inner = self.inner.lock();
        inner
            .slots
            .get(slot)
            .and_then(Option::as_ref)
            .cloned()
            .ok_or(Error::BadHandle)
    }

    /// The open file in `slot`, if its handle has all of `rights`.
    #[inline]
    pub fn file(&self, slot: Slot, rights: Rights) -> Result<Arc<dyn File>> {
        let inner = self.inner.lock();
        let handle = inner
            .slots
            .get(slot)
            .and_then(Option::as_ref)
            .ok_or(Error::BadHandle)?;
        handle.file(rights).cloned()
    }

    /// Takes the handle out of `slot`. Dropping the result is the close.
    pub fn remove(&self, slot: Slot) -> Result<Handle> {
        self.inner.lock().take(slot).ok_or(Error::BadHandle)
    }

    /// Says whether exec closes `slot`.
    pub fn set_close_on_exec(&self, slot: Slot, close: bool) -> Result<()> {
        let mut inner = self.inner.lock();
        let handle = inner
            .slots
            .get_mut(slot)
            .and_then(Option::as_mut)
            .ok_or(Error::BadHandle)?;
        handle.close_on_exec = close;
        Ok(())
    }

    /// A table of its own with the same handles: what a forked process gets.
    pub fn fork(&self) -> Result<HandleTable> {
        let inner = self.inner.lock();
        let mut slots = Vec::new();
        slots.make_room(inner.slots.len())?;
        slots.extend(inner.slots.iter().cloned());
        let copy = Inner {
            slots,
            lowest_free: inner.lowest_free,
            limit: inner.limit,
        };
        Ok(Self {
            inner: SpinLock::new(rank::HANDLES, copy),
        })
    }

    /// Closes everything: the end of a process.
    pub fn close_all(&self) {
        self.close_where(|_, _| true);
    }

    /// Closes each handle that `which` chooses.
    pub fn close_where(&self, which: impl FnMut(Slot, &Handle) -> bool) {
        self.take_where(which, drop);
    }

    /// Takes out each handle that `which` chooses, and hands it to `taken`, which is called without the table's lock.
    pub fn take_where(
        &self,
        mut which: impl FnMut(Slot, &Handle) -> bool,
        mut taken: impl FnMut(Handle),
    ) {
        let mut start = 0;
        // One at a time: the handle is dropped after the lock, and needs no list to wait in.
        loop {
            let mut inner = self.inner.lock();
            let found = (start..inner.slots.len()).find(|&slot| {
                inner.slots[slot]
                    .as_ref()
                    .is_some_and(|handle| which(slot, handle))
            });
            let Some(slot) = found else { return };
            let handle = inner.take(slot);
            drop(inner);
            handle.into_iter().for_each(&mut taken);
            start = slot + 1;
        }
    }

    /// The slots in use and what they hold, ascending. The table is not locked in between: what
    /// changes meanwhile is seen or not.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, Handle)> {
        let mut from = 0;
        core::iter::from_fn(move || {
            let inner = self.inner.lock();
            let used = inner.slots.get(from..)?.iter().enumerate();
            let (at, handle) = used
                .filter_map(|(at, slot)| Some((at, slot.clone()?)))
                .next()?;
            let slot = from + at;
            from = slot + 1;
            Some((slot, handle))
        })
    }

    /// How many slots are in use.
    pub fn count(&self) -> usize {
        self.inner.lock().slots.iter().flatten().count()
    }

    /// The highest slot in use.
    pub fn highest(&self) -> Option<Slot> {
        self.inner.lock().slots.iter().rposition(Option::is_some)
    }

    /// How many slots there may be.
    pub fn limit(&self) -> usize {
        self.inner.lock().limit
    }

    /// Changes how many slots there may be. Handles beyond a lowered limit stay usable.
    pub fn set_limit(&self, limit: usize) {
        self.inner.lock().limit = limit.min(MAXIMUM_SLOTS);
    }
}

impl Inner {
    fn free_slot(&self, minimum: Slot) -> Result<Slot> {
        let start = self.lowest_free.max(minimum);
        let slot = (start..self.slots.len())
            .find(|&slot| self.slots[slot].is_none())
            .unwrap_or(self.slots.len().max(start));
        if slot < self.limit {
            Ok(slot)
        } else {
            Err(Error::TooManyHandles)
        }
    }

    // Apart from `put`, so that a handle for which there is no room is dropped by its owner after
    // the lock is gone.
    fn reserve(&mut self, slot: Slot) -> Result<()> {
        room::for_one_more()?;
        if slot >= self.slots.len() {
            let more = slot + 1 - self.slots.len();
            self.slots.make_room(more)?;
            self.slots.resize_with(slot + 1, || None);
        }
        Ok(())
    }

    fn put(&mut self, slot: Slot, handle: Handle) {
        self.slots[slot] = Some(handle);
        if slot == self.lowest_free {
            self.lowest_free = slot + 1;
        }
    }

    fn take(&mut self, slot: Slot) -> Option<Handle> {
        let handle = self.slots.get_mut(slot)?.take()?;
        self.lowest_free = self.lowest_free.min(slot);
        Some(handle)
    }
}
