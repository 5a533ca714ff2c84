//! An address space as the CPUs see it: who uses it, and who may remember its translations.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

use super::asid::ASIDS;
use super::cursor::{Table, all_invalid};
use crate::arch::{self, Decoded, pte};
use crate::cpu_owned::{CpuOwned, Initial};
use crate::frame::Frame;
use crate::frame::usage::PAGE_TABLES;
use crate::interrupt;
use crate::{OutOfMemory, USER_END};

/// One user address space, for whoever activates it: a root and its address space identifier.
/// It keeps its tables alive while any CPU uses them; what they map is unmapped when the right to change it
/// ([`super::PageTable`]) goes.
pub struct Space {
    /// The root table's frame, as a share that the space holds.
    root: usize,
    tag: AtomicUsize,
    /// The CPUs that use the space now.
    active: AtomicUsize,
    /// The CPUs that may remember translations of it, since its identifier is what it is.
    loaded: AtomicUsize,
    /// Those of them that must forget what they remember before they use it again.
    stale: AtomicUsize,
}

struct Active(Option<Arc<Space>>);

impl Initial for Active {
    const INITIAL: Self = Self(None);
}

static ACTIVE: CpuOwned<Active> = CpuOwned::new();

impl Space {
    pub(super) fn new() -> Result<Self, OutOfMemory> {
        let root = Frame::allocate()?;
        // SAFETY: a zeroed page that only this call knows.
        unsafe { arch::prepare_root(root.pointer().cast()) };
        PAGE_TABLES.add(1);
        Ok(Self {
            root: root.into_physical(),
            tag: AtomicUsize::new(0),
            active: AtomicUsize::new(0),
            loaded: AtomicUsize::new(0),
            stale: AtomicUsize::new(0),
        })
    }

    /// Makes this the address space of this CPU's user mode and user copies.
    pub fn activate(self: &Arc<Self>) {
        let _interrupts = interrupt::disable();
        if ACTIVE.with(|active| {
            active
                .0
                .as_ref()
                .is_some_and(|space| Arc::ptr_eq(space, self))
        }) {
            return;
        }
        let cpu = 1 << arch::cpu_id();
        let identifier = ASIDS.take(&self.tag, || {
            self.loaded.store(0, Ordering::SeqCst);
            self.stale.store(0, Ordering::SeqCst);
        });
        self.active.fetch_or(cpu, Ordering::SeqCst);
        // Only ever set by this CPU, and cleared only with a new identifier (above), so a look
        // is enough to know.
        let is_new_here = self.loaded.load(Ordering::Relaxed) & cpu == 0;
        if is_new_here {
            self.loaded.fetch_or(cpu, Ordering::SeqCst);
        }
        // After `active` was set: a flush that did not see this CPU active has set its bit here.
        let is_stale = self.stale.load(Ordering::SeqCst) & cpu != 0;
        if is_stale {
            self.stale.fetch_and(!cpu, Ordering::SeqCst);
        }
        // SAFETY: the root is this space's, which `ACTIVE` keeps alive from here on, until after
        // another root has been set on this CPU.
        unsafe { arch::set_user_root(Some(self.root), identifier.asid) };
        if identifier.flush_all {
            arch::flush_local_all();
        } else if is_stale {
            arch::flush_local_asid(identifier.asid);
        }
        if is_new_here || is_stale {
            arch::fence_instructions(cpu);
        }
        let before = ACTIVE.with(|active| active.0.replace(self.clone()));
        if let Some(before) = before {
            before.active.fetch_and(!cpu, Ordering::SeqCst);
        }
    }

    /// Makes sure that no CPU uses an old translation of a range (or of anything) of this space.
    /// The tables were changed already.
    pub(super) fn flush(&self, range: Option<(usize, usize)>) {
        // The change is visible before anybody is asked who might have missed it.
        fence(Ordering::SeqCst);
        let loaded = self.loaded.load(Ordering::SeqCst);
        if loaded == 0 {
            return;
        }
        let mut active = self.active.load(Ordering::SeqCst);
        if !arch::BROADCAST_FLUSH {
            let elsewhere = loaded & !active;
            if elsewhere != 0 && ASIDS.are_used() {
                self.stale.fetch_or(elsewhere, Ordering::SeqCst);
                // Whoever became active meanwhile may or may not have seen its bit.
                active |= self.active.load(Ordering::SeqCst);
            }
            if active == 0 {
                return;
            }
        }
        let (start, end) = range.unwrap_or((0, USER_END));
        arch::flush_pages(active, ASIDS.number(&self.tag), start, end);
    }

    /// The CPUs that use the space now.
    pub(super) fn active_cpus(&self) -> usize {
        fence(Ordering::SeqCst);
        self.active.load(Ordering::SeqCst)
    }

    /// The root table.
    #[inline]
    pub(super) fn root(&self) -> &Table {
        self.table(self.root)
    }

    /// A table of this space.
    #[inline]
    pub(super) fn table(&self, physical: usize) -> &Table {
        // SAFETY: called with the root or with an address from a table entry of this space. Tables
        // are frames that the space holds until it is dropped, and are only accessed as atomics
        // (by this module and by the machine).
        unsafe { &*arch::physical_to_virtual(physical).cast() }
    }
}

impl Space {
    /// Gives up what the entries of a table hold: pages, and tables with all that is below them.
    /// The entries stay as they are: only for a table that goes away, or a copy of its entries.
    fn drop_below(&self, entries: &[AtomicU64]) {
        // Tables are mostly empty; look at eight entries at a time. (No table has a remainder.)
        for group in entries.as_chunks::<8>().0 {
            if all_invalid(group) {
                continue;
            }
            for entry in group {
                let physical = match pte::decode(entry.load(Ordering::Relaxed)) {
                    Decoded::Invalid => continue,
                    Decoded::Leaf(physical, _) => physical,
                    Decoded::Table(physical) => {
                        self.drop_below(self.table(physical));
                        PAGE_TABLES.remove(1);
                        physical
                    }
                };
                // SAFETY: an entry holds a share of the frame it points to, and the table with
                // the entry goes away.
                drop(unsafe { Frame::from_physical(physical) });
            }
        }
    }
}

impl Space {
    /// Unmaps everything at once, because nobody has the right to change the space any more. Where no CPU uses it,
    /// that is the matter of the last owner. But a CPU that idles keeps what it used last, perhaps for long, and the
    /// program's memory shall not wait for that.
    pub(super) fn give_up(&self) {
        if self.active_cpus() == 0 {
            return;
        }
        let _changing = arch::TablesChanging::begin();
        let entries = &self.root()[..USER_END >> 30];
        let taken: [AtomicU64; USER_END >> 30] = core::array::from_fn(|index| {
            AtomicU64::new(entries[index].swap(pte::INVALID, Ordering::Relaxed))
        });
        self.flush(None);
        self.drop_below(&taken);
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        // No CPU uses the space, or `ACTIVE` would hold it. Some may remember translations, under
        // an identifier that is not used again before they forget.
        self.drop_below(&self.root()[..USER_END >> 30]);
        // SAFETY: `new` made the root out of a frame's share.
        drop(unsafe { Frame::from_physical(self.root) });
        PAGE_TABLES.remove(1);
    }
}

/// Leaves this CPU without a user address space: every user copy faults.
pub fn deactivate() {
    let _interrupts = interrupt::disable();
    let before = ACTIVE.with(|active| active.0.take());
    let Some(before) = before else { return };
    // SAFETY: no root at all needs nothing to stay alive.
    unsafe { arch::set_user_root(None, 0) };
    ASIDS.leave();
    before
        .active
        .fetch_and(!(1 << arch::cpu_id()), Ordering::SeqCst);
}
