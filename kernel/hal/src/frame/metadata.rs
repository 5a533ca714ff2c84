//! Sixteen bytes about every frame, in one array.

use core::sync::atomic::{AtomicU32, Ordering};

/// No frame.
pub(super) const NONE: u32 = u32::MAX;

/// State: the head of a free block; the order is in the low bits.
const FREE: u32 = 1 << 31;
/// State: never to be handed out.
const RESERVED: u32 = FREE | (1 << 30);
/// From here on a reference count only stands for "for ever": so many owners can only come from a
/// leak, and a leaked frame is better than one freed too early.
const SATURATED: u32 = 1 << 29;

/// About one frame. What the words mean depends on who has the frame; the atomics make them
/// shareable, the order comes from the owner's lock.
pub(crate) struct Metadata {
    /// Free: FREE and the order. Taken: how many owners, 0 while it is in nobody's hands
    /// (inside a block, in a cache).
    state: AtomicU32,
    /// The next in whatever list the frame is in.
    pub(crate) next: AtomicU32,
    /// The previous in that list.
    pub(crate) previous: AtomicU32,
    /// The heap's: how the page is divided. (On the hosted machine the heap is the host's.)
    /// A [`super::Frame`]'s: the account that pays for it, 0 for nobody.
    pub(crate) slab: AtomicU32,
}

impl Metadata {
    /// About a frame that is not to be handed out.
    pub(super) const fn reserved() -> Self {
        Self {
            state: AtomicU32::new(RESERVED),
            next: AtomicU32::new(NONE),
            previous: AtomicU32::new(NONE),
            slab: AtomicU32::new(0),
        }
    }

    /// Marks the head of a free block.
    pub(super) fn set_free(&self, order: usize) {
        self.state.store(FREE | order as u32, Ordering::Relaxed);
    }

    /// Whether this is the head of a free block of this order.
    pub(super) fn is_free(&self, order: usize) -> bool {
        self.state.load(Ordering::Relaxed) == FREE | order as u32
    }

    /// Marks it as in nobody's hands.
    pub(super) fn set_unowned(&self) {
        self.state.store(0, Ordering::Relaxed);
    }

    /// Marks it as having one owner, and notes who pays.
    #[inline]
    pub(super) fn set_owned(&self, payer: u32) {
        self.state.store(1, Ordering::Relaxed);
        self.slab.store(payer, Ordering::Relaxed);
    }

    /// Who pays for it.
    #[inline]
    pub(super) fn payer(&self) -> u32 {
        self.slab.load(Ordering::Relaxed)
    }

    /// How many owners it has.
    #[inline]
    pub(super) fn owners(&self) -> usize {
        self.state.load(Ordering::Acquire) as usize
    }

    /// One more owner.
    #[inline]
    pub(super) fn add_owner(&self) {
        if self.state.fetch_add(1, Ordering::Relaxed) >= SATURATED {
            self.state.store(SATURATED * 2 - 1, Ordering::Relaxed);
        }
    }

    /// One owner less; returns whether that was the last.
    #[inline]
    pub(super) fn remove_owner(&self) -> bool {
        // The only owner needs no read-modify-write: nobody else can add one.
        if self.state.load(Ordering::Acquire) == 1 {
            self.state.store(0, Ordering::Relaxed);
            return true;
        }
        let before = self.state.fetch_sub(1, Ordering::AcqRel);
        if before >= SATURATED {
            self.state.store(SATURATED * 2 - 1, Ordering::Relaxed);
            return false;
        }
        before == 1
    }
}
