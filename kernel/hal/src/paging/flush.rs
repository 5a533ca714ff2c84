//! Batches of changes to a space, and the flush at their end.

use core::mem::MaybeUninit;

use super::space::Space;
use crate::frame::Frame;
use crate::{PAGE_SIZE, arch};

/// How many unmapped frames wait for one flush.
const FRAMES: usize = 64;
/// From how many pages on everything of the space is flushed instead of each page.
const MANY: usize = 64;

/// What changed, and what waits for the flush.
pub(super) struct Batch<'a> {
    space: &'a Space,
    /// From the lowest changed page to the end of the highest.
    start: usize,
    end: usize,
    code: bool,
    /// How many of `frames` are there.
    waiting: usize,
    frames: [MaybeUninit<Frame>; FRAMES],
}

impl<'a> Batch<'a> {
    pub(super) fn new(space: &'a Space) -> Self {
        Self {
            space,
            start: usize::MAX,
            end: 0,
            code: false,
            waiting: 0,
            frames: [const { MaybeUninit::uninit() }; FRAMES],
        }
    }

    #[inline]
    pub(super) fn space(&self) -> &'a Space {
        self.space
    }

    /// A translation that may be cached somewhere is no longer true.
    #[inline]
    pub(super) fn changed(&mut self, address: usize) {
        self.start = self.start.min(address);
        self.end = self.end.max(address + PAGE_SIZE);
    }

    /// As `changed`, and a frame is to be given up when nobody can reach it that way any more.
    #[inline]
    pub(super) fn removed(&mut self, address: usize, frame: Frame) {
        self.changed(address);
        self.frames[self.waiting].write(frame);
        self.waiting += 1;
        if self.waiting == FRAMES {
            self.flush();
        }
    }

    /// A page with code was mapped.
    #[inline]
    pub(super) fn code_changed(&mut self) {
        self.code = true;
    }

    fn flush(&mut self) {
        if self.start < self.end {
            let pages = (self.end - self.start) / PAGE_SIZE;
            let range = if pages > MANY {
                None
            } else {
                Some((self.start, self.end))
            };
            self.space.flush(range);
            self.start = usize::MAX;
            self.end = 0;
        }
        let waiting = core::mem::take(&mut self.waiting);
        for frame in &mut self.frames[..waiting] {
            // SAFETY: `removed` wrote the first `waiting` frames, and `waiting` is 0 now, so none
            // is dropped again.
            unsafe { frame.assume_init_drop() };
        }
    }
}

impl Drop for Batch<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.start < self.end || self.waiting > 0 {
            self.flush();
        }
        if self.code {
            arch::fence_instructions(self.space.active_cpus());
        }
    }
}
