//! Each simulated CPU's translation cache, and the walk behind it.
//!
//! The cache keeps what it has read from the tables until it is told to forget, as hardware does:
//! a kernel that changes a mapping without flushing goes on using the old one, here as there. And
//! it says so: a translation that is used although the tables say something else, while no
//! change of tables is under way on any CPU, ends the machine with a report.
//!
//! A restrictive entry is looked up again before it faults, as most hardware does; a permissive
//! one is used.

use super::backend::pte;
use super::fibers::finish;
use super::report::{Exit, situation};
use super::state::{State, machine};
use crate::PAGE_SIZE;
use crate::arch::Decoded;
use crate::paging::PageFlags;
use crate::user::Access;
use std::format;

/// Translations one CPU keeps.
const ENTRIES: usize = 64;

/// One cached translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    asid: usize,
    page: usize,
    physical: usize,
    flags: PageFlags,
}

/// A CPU's translation cache.
pub(super) struct Tlb {
    entries: [Option<Entry>; ENTRIES],
}

impl Tlb {
    pub(super) fn new() -> Tlb {
        Tlb {
            entries: [None; ENTRIES],
        }
    }

    /// Which place a page of an address space has.
    fn place(asid: usize, page: usize) -> usize {
        page.wrapping_mul(0x9e37_79b9)
            .wrapping_add(asid.wrapping_mul(7))
            % ENTRIES
    }

    fn find(&self, asid: usize, page: usize) -> Option<Entry> {
        self.entries[Tlb::place(asid, page)]
            .filter(|entry| entry.asid == asid && entry.page == page)
    }

    fn insert(&mut self, entry: Entry) {
        self.entries[Tlb::place(entry.asid, entry.page)] = Some(entry);
    }

    /// Forgets what `which` says of (identifier, page).
    pub(super) fn forget(&mut self, which: impl Fn(usize, usize) -> bool) {
        for slot in &mut self.entries {
            if slot.is_some_and(|entry| which(entry.asid, entry.page)) {
                *slot = None;
            }
        }
    }
}

/// What an access needs to find in an entry.
fn needs(access: Access) -> PageFlags {
    match access {
        Access::Read => PageFlags::READ,
        Access::Write => PageFlags::WRITE | PageFlags::DIRTY,
        Access::Execute => PageFlags::EXECUTE,
    }
}

impl State {
    /// Reads the tables: where the entry for `address` is, and what it says.
    fn walk(&self, root: usize, address: usize) -> Option<(*mut u64, usize, PageFlags)> {
        let mut table = root;
        for level in (0..3).rev() {
            let index = (address >> (12 + 9 * level)) & 511;
            let slot = self.memory.at(table + index * 8).cast::<u64>();
            // SAFETY: `at` checked that the word is in this machine's memory; tables are aligned,
            // and only this host thread touches them.
            match pte::decode(unsafe { slot.read() }) {
                Decoded::Invalid => return None,
                Decoded::Table(next) if level > 0 => table = next,
                Decoded::Leaf(physical, flags) if level == 0 => {
                    return Some((slot, physical, flags));
                }
                _ => return None,
            }
        }
        None
    }

    /// Where the user's byte at `address` is, if this CPU's current space allows the access.
    pub(super) fn translate(&self, address: usize, access: Access) -> Option<*mut u8> {
        let (root, asid) = self.this_cpu().root.get()?;
        let page = address / PAGE_SIZE;
        let wanted = needs(access);
        let cached = self.this_cpu().tlb.borrow().find(asid, page);
        if let Some(entry) = cached
            && entry.flags.contains(wanted)
        {
            self.check(root, address, &entry, access);
            return Some(self.memory.at(entry.physical + address % PAGE_SIZE));
        }
        let (slot, physical, flags) = self.walk(root, address)?;
        let permitted = wanted.difference(PageFlags::DIRTY);
        if !flags.contains(permitted) {
            return None;
        }
        // The walker records the use, as hardware does.
        let used = match access {
            Access::Write => flags | PageFlags::ACCESSED | PageFlags::DIRTY,
            _ => flags | PageFlags::ACCESSED,
        };
        if used != flags {
            // SAFETY: as in `walk`.
            unsafe { slot.write(pte::leaf(physical, used)) };
        }
        self.this_cpu().tlb.borrow_mut().insert(Entry {
            asid,
            page,
            physical,
            flags: used,
        });
        Some(self.memory.at(physical + address % PAGE_SIZE))
    }

    /// Compares a cached translation that is about to be used with the tables.
    fn check(&self, root: usize, address: usize, entry: &Entry, access: Access) {
        if self.tables_changing.get() > 0 {
            // Between a change and its flush the old translation is as good as the new one.
            return;
        }
        let permitted = needs(access).difference(PageFlags::DIRTY);
        let now = self.walk(root, address);
        let agrees = now.is_some_and(|(_, physical, flags)| {
            physical == entry.physical && flags.contains(permitted)
        });
        if !agrees {
            let now = now.map(|(_, physical, flags)| (physical, flags));
            finish(Exit::StaleTranslation(format!(
                "{access:?} at {address:#x} by way of {entry:?}, but the tables say {now:?}\n{}",
                situation()
            )));
        }
    }
}

/// Forgets translations on the CPUs of a mask.
pub(super) fn forget_on(cpus: usize, which: impl Fn(usize, usize) -> bool) {
    let machine = machine();
    if machine.bug == Some(super::Bug::MissingFlush) {
        return;
    }
    for (number, cpu) in machine.cpus.iter().enumerate() {
        if cpus & (1 << number) != 0 {
            cpu.tlb.borrow_mut().forget(&which);
        }
    }
}
