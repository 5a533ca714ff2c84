//! The buddy allocator: free blocks of 2ⁿ frames, in a list for each n.
//!
//! Frames are numbered from 0 here; a block of 2ⁿ frames begins at a multiple of 2ⁿ. A freed
//! block joins its neighbour ("buddy", the block whose number differs in bit n) while that is
//! free too. The lists run through the frames' metadata, so free memory itself is never touched.

use core::sync::atomic::Ordering;

use super::metadata::{Metadata, NONE};

/// How many orders there are: blocks of 1 to 2¹³ frames (32 MiB).
pub(crate) const ORDERS: usize = 14;

/// The heads of the lists.
pub(super) struct Buddy {
    heads: [u32; ORDERS],
    free: usize,
}

impl Buddy {
    /// An allocator with nothing to hand out.
    pub(super) const fn new() -> Self {
        Self {
            heads: [NONE; ORDERS],
            free: 0,
        }
    }

    /// How many frames are free.
    pub(super) fn free_frames(&self) -> usize {
        self.free
    }

    /// Takes a block out; its frames are unowned.
    pub(super) fn allocate(&mut self, all: &[Metadata], order: usize) -> Option<usize> {
        let found = (order..ORDERS).find(|&order| self.heads[order] != NONE)?;
        let index = self.heads[found] as usize;
        self.unlink(all, index, found);
        // Give the upper halves back until the block has the size that was asked for.
        for smaller in (order..found).rev() {
            self.link(all, index + (1 << smaller), smaller);
        }
        all[index].set_unowned();
        self.free -= 1 << order;
        Some(index)
    }

    /// Puts a block back.
    pub(super) fn free(&mut self, all: &[Metadata], mut index: usize, mut order: usize) {
        self.free += 1 << order;
        while order + 1 < ORDERS {
            let buddy = index ^ (1 << order);
            if buddy >= all.len() || !all[buddy].is_free(order) {
                break;
            }
            self.unlink(all, buddy, order);
            all[buddy].set_unowned();
            all[index].set_unowned();
            index = index.min(buddy);
            order += 1;
        }
        self.link(all, index, order);
    }

    /// Puts back all frames from `start` to `end`, in blocks as large as possible.
    pub(super) fn free_range(&mut self, all: &[Metadata], mut start: usize, end: usize) {
        while start < end {
            let aligned = if start == 0 {
                ORDERS - 1
            } else {
                start.trailing_zeros() as usize
            };
            let fits = (end - start).ilog2() as usize;
            let order = aligned.min(fits).min(ORDERS - 1);
            for frame in &all[start..start + (1 << order)] {
                frame.set_unowned();
            }
            self.free(all, start, order);
            start += 1 << order;
        }
    }

    fn link(&mut self, all: &[Metadata], index: usize, order: usize) {
        let head = self.heads[order];
        all[index].set_free(order);
        all[index].next.store(head, Ordering::Relaxed);
        all[index].previous.store(NONE, Ordering::Relaxed);
        if head != NONE {
            all[head as usize]
                .previous
                .store(index as u32, Ordering::Relaxed);
        }
        self.heads[order] = index as u32;
    }

    fn unlink(&mut self, all: &[Metadata], index: usize, order: usize) {
        let next = all[index].next.load(Ordering::Relaxed);
        let previous = all[index].previous.load(Ordering::Relaxed);
        if next != NONE {
            all[next as usize]
                .previous
                .store(previous, Ordering::Relaxed);
        }
        if previous == NONE {
            self.heads[order] = next;
        } else {
            all[previous as usize].next.store(next, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(count: usize) -> Vec<Metadata> {
        (0..count).map(|_| Metadata::reserved()).collect()
    }

    #[test]
    fn everything_comes_back_together() {
        let all = frames(1000);
        let mut buddy = Buddy::new();
        buddy.free_range(&all, 3, 997);
        assert_eq!(buddy.free_frames(), 994);
        let mut taken = Vec::new();
        let mut state = 1u32;
        loop {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let order = (state >> 28) as usize % 4;
            match buddy.allocate(&all, order) {
                Some(index) => {
                    assert!(index % (1 << order) == 0 && index >= 3 && index + (1 << order) <= 997);
                    taken.push((index, order));
                }
                None if order == 0 => break,
                None => {}
            }
        }
        assert_eq!(buddy.free_frames(), 0);
        let mut seen = vec![false; 1000];
        for &(index, order) in &taken {
            for frame in &mut seen[index..index + (1 << order)] {
                assert!(!*frame, "handed out twice");
                *frame = true;
            }
        }
        assert_eq!(seen.iter().filter(|&&frame| frame).count(), 994);
        for (index, order) in taken {
            buddy.free(&all, index, order);
        }
        assert_eq!(buddy.free_frames(), 994);
        let mut large: Vec<_> = (0..3).map(|_| buddy.allocate(&all, 8)).collect();
        large.sort_unstable();
        assert_eq!(large, [None, Some(256), Some(512)], "joined again");
    }
}
