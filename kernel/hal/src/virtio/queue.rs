//! A split virtqueue (Virtual I/O Device 1.2, section 2.7) for devices that move many pages.
//!
//! The queue has *slots*, each for one request. A slot owns its descriptors for ever: with indirect
//! descriptors a table of its own and one entry of the ring's table, without them a run of entries.
//! Nothing is allocated for a request, and nothing that the device writes is believed: what it says
//! it has used is checked before it leaves here, and what it read (descriptors) is never read back.
//!
//! There is no `unsafe` here. What makes the device leave memory alone is [`super::Block`]'s matter.

use core::sync::atomic::{Ordering, fence};

use super::VirtioError;
use crate::dma::DmaBuffer;
use crate::{OutOfMemory, PAGE_SIZE};

/// Bytes of a descriptor.
const DESCRIPTOR: usize = 16;
/// More of the chain follows.
const FLAG_NEXT: u16 = 1;
/// The device writes to it.
const FLAG_WRITE: u16 = 2;
/// It names a table of descriptors.
const FLAG_INDIRECT: u16 = 4;
/// Said by either side: do not interrupt, do not notify.
const FLAG_QUIET: u16 = 1;

/// Bytes of a slot's own memory.
const SLOT: usize = 2048;
/// How many of them its user has for small things (headers, answers); descriptors follow.
pub(crate) const SCRATCH: usize = 32;
/// The most parts that a request has with indirect descriptors.
const MOST_PARTS: usize = (SLOT - SCRATCH) / DESCRIPTOR;
/// The most slots with indirect descriptors.
const MOST_SLOTS: u16 = 64;
/// The parts of a request without indirect descriptors.
const DIRECT_PARTS: u16 = 8;
/// The most descriptors without indirect ones.
const MOST_DIRECT: u16 = 256;

/// A part of a request: a piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its physical address.
    pub(crate) address: usize,
    /// Its length in bytes.
    pub(crate) length: usize,
    /// The device writes to it; otherwise it reads.
    pub(crate) written: bool,
}

/// See the module.
pub(crate) struct Queue {
    /// Descriptors, available ring, and on a page of its own the used ring.
    rings: DmaBuffer,
    /// Every slot's scratch bytes and table.
    slots: DmaBuffer,
    /// Descriptors in the ring's table; a power of two.
    size: u16,
    /// How many of them belong to one slot.
    per_slot: u16,
    indirect: bool,
    event_index: bool,
    /// How many requests were made available, ever.
    available: u16,
    /// Up to where the device was told of them.
    told: u16,
    /// How many answers were taken, ever.
    taken: u16,
}

impl Queue {
    /// A queue of at most `most` descriptors, as the device says. `indirect` and `event_index` are
    /// the features that were agreed upon.
    pub(crate) fn new(most: u32, indirect: bool, event_index: bool) -> Result<Queue, VirtioError> {
        let per_slot = if indirect { 1 } else { DIRECT_PARTS };
        let limit = if indirect { MOST_SLOTS } else { MOST_DIRECT };
        let most = most.min(u32::from(limit)) as u16;
        let size = match most.checked_ilog2() {
            Some(bits) => 1 << bits,
            None => 0,
        };
        if size < per_slot {
            return Err(VirtioError);
        }
        let none = |OutOfMemory| VirtioError;
        let mut queue = Queue {
            rings: DmaBuffer::allocate(1).map_err(none)?,
            slots: DmaBuffer::allocate(1).map_err(none)?,
            size,
            per_slot,
            indirect,
            event_index,
            available: 0,
            told: 0,
            taken: 0,
        };
        let rings = queue.used_offset() + 6 + usize::from(size) * 8;
        queue.rings = DmaBuffer::allocate(rings.div_ceil(PAGE_SIZE)).map_err(none)?;
        let slots = usize::from(queue.slot_count()) * SLOT;
        queue.slots = DmaBuffer::allocate(slots.div_ceil(PAGE_SIZE)).map_err(none)?;
        Ok(queue)
    }

    /// How many descriptors the device is to be told of.
    pub(crate) fn size(&self) -> u16 {
        self.size
    }

    /// How many requests fit.
    pub(crate) fn slot_count(&self) -> u16 {
        self.size / self.per_slot
    }

    /// How many parts a request may have.
    pub(crate) fn most_parts(&self) -> usize {
        if self.indirect {
            MOST_PARTS
        } else {
            usize::from(DIRECT_PARTS)
        }
    }

    /// Where the device finds descriptors, available ring and used ring.
    pub(crate) fn addresses(&self) -> [u64; 3] {
        let start = self.rings.physical() as u64;
        [
            start,
            start + self.available_offset() as u64,
            start + self.used_offset() as u64,
        ]
    }

    fn available_offset(&self) -> usize {
        usize::from(self.size) * DESCRIPTOR
    }

    /// On a page's border, where a legacy device looks for it.
    fn used_offset(&self) -> usize {
        (self.available_offset() + 6 + usize::from(self.size) * 2).next_multiple_of(PAGE_SIZE)
    }

    /// The physical address of a slot's scratch bytes.
    pub(crate) fn scratch_address(&self, slot: u16) -> usize {
        self.slots.physical() + usize::from(slot) * SLOT
    }

    /// Writes a slot's scratch bytes. Panics beyond them.
    pub(crate) fn write_scratch(&self, slot: u16, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= SCRATCH, "beyond the scratch bytes");
        self.slots.write(usize::from(slot) * SLOT + offset, bytes);
    }

    /// Reads one of a slot's scratch bytes. Panics beyond them.
    pub(crate) fn read_scratch(&self, slot: u16, offset: usize) -> u8 {
        assert!(offset < SCRATCH, "beyond the scratch bytes");
        self.slots.load_u8(usize::from(slot) * SLOT + offset)
    }

    /// Makes a request of these parts available; those that the device writes come last. The slot
    /// has to be free, and there are at least one and at most [`Queue::most_parts`] of them.
    pub(crate) fn add(&mut self, slot: u16, parts: impl Iterator<Item = Part>) {
        assert!(slot < self.slot_count(), "no such slot");
        let head = slot * self.per_slot;
        let table = usize::from(slot) * SLOT + SCRATCH;
        let (memory, start, first) = if self.indirect {
            (&self.slots, table, 0)
        } else {
            (&self.rings, usize::from(head) * DESCRIPTOR, head)
        };
        let mut count = 0;
        let mut previous = None;
        for part in parts.take(self.most_parts()) {
            let at = start + usize::from(count) * DESCRIPTOR;
            let flags = if part.written { FLAG_WRITE } else { 0 };
            describe(memory, at, part.address, part.length, flags);
            if let Some((before, flags)) = previous.replace((at, flags)) {
                memory.store_u16(before + 12, flags | FLAG_NEXT);
                memory.store_u16(before + 14, first + count);
            }
            count += 1;
        }
        if self.indirect {
            let length = usize::from(count) * DESCRIPTOR;
            let at = usize::from(head) * DESCRIPTOR;
            let address = self.slots.physical() + table;
            describe(&self.rings, at, address, length, FLAG_INDIRECT);
        }
        let place = usize::from(self.available % self.size);
        let ring = self.available_offset();
        self.rings.store_u16(ring + 4 + place * 2, head);
        self.available = self.available.wrapping_add(1);
        // The device sees the descriptors before it sees that there is one more.
        fence(Ordering::Release);
        self.rings.store_u16(ring + 2, self.available);
    }

    /// Whether the device wants to be told of what was added since the last time this was asked.
    pub(crate) fn should_notify(&mut self) -> bool {
        let before = core::mem::replace(&mut self.told, self.available);
        if before == self.available {
            return false;
        }
        // What the device wants is read after it can see what was added: it does the reverse.
        fence(Ordering::SeqCst);
        let used = self.used_offset();
        if self.event_index {
            let event = self.rings.load_u16(used + 4 + usize::from(self.size) * 8);
            let since_event = self.available.wrapping_sub(event).wrapping_sub(1);
            since_event < self.available.wrapping_sub(before)
        } else {
            self.rings.load_u16(used) & FLAG_QUIET == 0
        }
    }

    /// Takes the next answer: the slot that is free again. An error: the device says what cannot be.
    pub(crate) fn take(&mut self) -> Option<Result<u16, VirtioError>> {
        let used = self.used_offset();
        let index = self.rings.load_u16(used + 2);
        if index == self.taken {
            return None;
        }
        // What the device wrote before it counted up is seen from here on.
        fence(Ordering::Acquire);
        if index.wrapping_sub(self.taken) > self.size {
            return Some(Err(VirtioError));
        }
        let place = usize::from(self.taken % self.size);
        let head = self.rings.load_u32(used + 4 + place * 8);
        self.taken = self.taken.wrapping_add(1);
        let per_slot = u32::from(self.per_slot);
        if head >= u32::from(self.size) || !head.is_multiple_of(per_slot) {
            return Some(Err(VirtioError));
        }
        Some(Ok((head / per_slot) as u16))
    }

    /// Asks for an interrupt at the next answer. True: one has come meanwhile, take it first.
    pub(crate) fn want_interrupt(&mut self) -> bool {
        if self.event_index {
            let event = self.available_offset() + 4 + usize::from(self.size) * 2;
            self.rings.store_u16(event, self.taken);
            // The device looks there after it has counted up; we look after we have written.
            fence(Ordering::SeqCst);
        }
        self.rings.load_u16(self.used_offset() + 2) != self.taken
    }

    /// Never gives the memory back: the device may still use it.
    pub(crate) fn leak(self) {
        self.rings.leak();
        self.slots.leak();
    }
}

fn describe(memory: &DmaBuffer, at: usize, address: usize, length: usize, flags: u16) {
    memory.store_u64(at, address as u64);
    memory.store_u32(at + 8, length as u32);
    memory.store_u16(at + 12, flags);
    memory.store_u16(at + 14, 0);
}

/// The other side of a queue, for tests: what a device finds, and how it answers.
#[cfg(any(test, target_os = "none"))]
pub(crate) mod device {
    use super::*;
    use alloc::vec::Vec;

    impl Queue {
        /// The requests that were made available after the first `seen`: the number of each one's
        /// first descriptor, and its parts.
        pub(crate) fn device_sees(&self, seen: u16) -> Vec<(u16, Vec<Part>)> {
            let ring = self.available_offset();
            let end = self.rings.load_u16(ring + 2);
            let mut found = Vec::new();
            let mut at = seen;
            while at != end {
                let place = usize::from(at % self.size);
                let head = self.rings.load_u16(ring + 4 + place * 2);
                found.push((head, self.parts_of(head)));
                at = at.wrapping_add(1);
            }
            found
        }

        fn parts_of(&self, head: u16) -> Vec<Part> {
            let first = usize::from(head) * DESCRIPTOR;
            let (memory, start, mut at) = if self.rings.load_u16(first + 12) & FLAG_INDIRECT != 0 {
                let table = self.rings.load_u64(first) as usize - self.slots.physical();
                (&self.slots, table, 0)
            } else {
                (&self.rings, 0, usize::from(head))
            };
            let mut parts = Vec::new();
            loop {
                let place = start + at * DESCRIPTOR;
                let flags = memory.load_u16(place + 12);
                parts.push(Part {
                    address: memory.load_u64(place) as usize,
                    length: memory.load_u32(place + 8) as usize,
                    written: flags & FLAG_WRITE != 0,
                });
                if flags & FLAG_NEXT == 0 {
                    return parts;
                }
                at = usize::from(memory.load_u16(place + 14));
            }
        }

        /// The device says that it has used the chain that begins there, as its `count`th answer.
        pub(crate) fn device_answers(&self, head: u32, count: u16) {
            let used = self.used_offset();
            let place = usize::from(count.wrapping_sub(1) % self.size);
            self.rings.store_u32(used + 4 + place * 8, head);
            fence(Ordering::Release);
            self.rings.store_u16(used + 2, count);
        }

        /// The device wants to be told once there are more than `index` requests, ever.
        pub(crate) fn device_waits_for(&self, index: u16) {
            let event = self.used_offset() + 4 + usize::from(self.size) * 8;
            self.rings.store_u16(event, index);
        }
    }
}
