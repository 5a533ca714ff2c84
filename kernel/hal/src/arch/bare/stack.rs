//! Kernel stacks.
//!
//! A stack is the upper half of a 64 KiB slot; the lower half is never mapped. An overflow faults
//! there at once, and the trap entry recognises it by one bit of the stack pointer, before it
//! would push anything. Stacks that were given up are kept for the next thread, up to a number.

use alloc::vec::Vec;

use super::kernel_map;
use crate::frame::{Frame, Purpose};
use crate::global::Global;
use crate::sync::{Rank, SpinLock};
use crate::{OutOfMemory, PAGE_SIZE, arch};

/// How large a stack is.
pub(crate) const STACK_SIZE: usize = 32 * 1024;
/// How far apart stacks are.
pub(crate) const STACK_SLOT: usize = 64 * 1024;
/// How many stacks there can be.
const SLOTS: usize = (1 << 30) / STACK_SLOT;
/// How many unused stacks stay mapped.
const SPARE: usize = 64;

const RANK: Rank = Rank(780);

/// Slots that are not in use.
struct Slots {
    /// Mapped, ready for use.
    spare: Vec<u16>,
    /// Used once, not mapped now.
    unmapped: Vec<u16>,
    /// From here on no slot was ever used.
    fresh: usize,
}

static STACK_SLOTS: Global<SpinLock<Slots>> = Global::new(|| {
    SpinLock::new(
        RANK,
        Slots {
            spare: Vec::new(),
            unmapped: Vec::new(),
            fresh: 0,
        },
    )
});

/// A kernel stack, mapped and nobody else's.
pub(crate) struct Stack {
    slot: u16,
}

impl Stack {
    /// A stack with unspecified contents.
    pub(crate) fn new() -> Result<Self, OutOfMemory> {
        let slot = {
            let mut slots = STACK_SLOTS.lock();
            if let Some(slot) = slots.spare.pop() {
                return Ok(Self { slot });
            }
            match slots.unmapped.pop() {
                Some(slot) => slot,
                None if slots.fresh < SLOTS => {
                    slots.fresh += 1;
                    (slots.fresh - 1) as u16
                }
                None => return Err(OutOfMemory),
            }
        };
        let stack = Self { slot };
        for address in (stack.bottom()..stack.top()).step_by(PAGE_SIZE) {
            let mapped = Frame::allocate_for(Purpose::Unpaid)
                .and_then(|frame| kernel_map::map_frame(address, frame));
            if mapped.is_err() {
                stack.unmap();
                core::mem::forget(stack);
                STACK_SLOTS.lock().unmapped.push(slot);
                return Err(OutOfMemory);
            }
        }
        arch::fence_new_mapping();
        Ok(stack)
    }

    /// The lowest byte.
    pub(crate) fn bottom(&self) -> usize {
        self.top() - STACK_SIZE
    }

    /// One past the highest byte.
    pub(crate) fn top(&self) -> usize {
        arch::STACK_AREA + (usize::from(self.slot) + 1) * STACK_SLOT
    }

    fn unmap(&self) {
        let mut frames: [Option<Frame>; STACK_SIZE / PAGE_SIZE] = Default::default();
        for (frame, address) in frames.iter_mut().zip((self.bottom()..).step_by(PAGE_SIZE)) {
            *frame = kernel_map::unmap_frame(address);
        }
        // Only then are the frames dropped.
        arch::flush_kernel(self.bottom(), self.top());
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        {
            let mut slots = STACK_SLOTS.lock();
            if slots.spare.len() < SPARE {
                slots.spare.push(self.slot);
                return;
            }
        }
        self.unmap();
        STACK_SLOTS.lock().unmapped.push(self.slot);
    }
}
