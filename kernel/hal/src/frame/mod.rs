//! Physical memory: frames with owners.
//!
//! A [`Frame`] is a page of RAM and a share in owning it. Its bytes are copied in and out, never
//! borrowed, because a program or a device that has it mapped may change them at any moment.
//!
//! Below are a buddy allocator for blocks, a small cache of single frames for each CPU, and
//! sixteen bytes about each frame: reference counts live there, not in the frames, so free
//! memory is never touched before it is handed out. Zeroing happens on allocation.
//!
//! What programs take may be paid for from an [`Account`], which has a limit.

mod account;
mod allocator;
mod buddy;
mod metadata;
pub(crate) mod usage;

pub use account::{Account, full_account, pay_from};
pub(crate) use allocator::Purpose;
pub(crate) use buddy::ORDERS;
#[cfg(target_os = "none")]
pub(crate) use metadata::Metadata;

use crate::refusal;
use alloc::vec::Vec;
use allocator::frames;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::{OutOfMemory, PAGE_SIZE, arch};

/// An owned, reference-counted physical page. Cloning adds an owner; the frame is free again
/// when the last one is dropped.
pub struct Frame {
    number: u32,
}

impl Frame {
    /// A frame of zeros.
    #[inline]
    pub fn allocate() -> Result<Frame, OutOfMemory> {
        let frame = Self::allocate_dirty()?;
        // SAFETY: the page is RAM in the direct map, and this is its only owner.
        unsafe { arch::zero_page(frame.pointer()) };
        Ok(frame)
    }

    /// A frame with unspecified (but initialised) contents, for whoever overwrites all of it.
    #[inline]
    pub fn allocate_dirty() -> Result<Frame, OutOfMemory> {
        Self::allocate_for(Purpose::Ordinary)
    }

    /// A frame with unspecified contents.
    #[inline]
    pub(crate) fn allocate_for(purpose: Purpose) -> Result<Frame, OutOfMemory> {
        refusal::check()?;
        let frames = frames();
        let (number, mut payer) = frames.allocate(purpose)?;
        if payer != 0 {
            if purpose != Purpose::Ordinary {
                payer = 0;
            } else if account::charge(payer).is_err() {
                frames.release(number);
                return Err(OutOfMemory);
            }
        }
        frames.metadata(number).set_owned(payer);
        Ok(Frame {
            number: number as u32,
        })
    }

    /// Copies bytes out, from `offset` on. Panics beyond the end of the frame.
    #[inline]
    pub fn read(&self, offset: usize, into: &mut [u8]) {
        check(offset, into.len());
        // SAFETY: the range lies in this frame, and `into` is as long. The frame's bytes may be
        // changed by others meanwhile; the copy is machine code to which any bytes are fine.
        unsafe { arch::copy_bytes(into.as_mut_ptr(), self.pointer().add(offset), into.len()) };
    }

    /// Copies bytes in, from `offset` on. Panics beyond the end of the frame.
    #[inline]
    pub fn write(&self, offset: usize, from: &[u8]) {
        check(offset, from.len());
        // SAFETY: as in `read`, the other way; nobody holds references into a frame.
        unsafe { arch::copy_bytes(self.pointer().add(offset), from.as_ptr(), from.len()) };
    }

    /// Sets `length` bytes from `offset` on to `value`. Panics beyond the end of the frame.
    pub fn fill(&self, offset: usize, length: usize, value: u8) {
        check(offset, length);
        // SAFETY: as in `write`.
        unsafe { arch::fill_bytes(self.pointer().add(offset), value, length) };
    }

    /// Whether `length` bytes from `offset` on are zero. Panics beyond the end of the frame.
    pub fn is_zero(&self, offset: usize, length: usize) -> bool {
        let mut buffer = [0; 256];
        let end = offset + length;
        (offset..end).step_by(buffer.len()).all(|at| {
            let part = &mut buffer[..(end - at).min(256)];
            self.read(at, part);
            part.iter().all(|&byte| byte == 0)
        })
    }

    /// Copies another frame's bytes here.
    #[inline]
    pub fn copy_from(&self, source: &Frame) {
        // SAFETY: two pages of RAM; as in `write`. If they are the same one, the copy changes
        // nothing.
        unsafe { arch::copy_page(self.pointer(), source.pointer()) };
    }

    /// Reads an aligned word in one access. Panics if misaligned or beyond the end.
    pub fn load_u32(&self, offset: usize) -> u32 {
        self.word(offset).load(Ordering::Relaxed)
    }

    /// Writes an aligned word in one access. Panics if misaligned or beyond the end.
    pub fn store_u32(&self, offset: usize, value: u32) {
        self.word(offset).store(value, Ordering::Relaxed);
    }

    fn word(&self, offset: usize) -> &AtomicU32 {
        assert!(offset.is_multiple_of(4), "a misaligned word");
        check(offset, 4);
        // SAFETY: an aligned word of this frame, which lives as long as the borrow; whoever else
        // touches it meanwhile does so by machine code, to which any order is fine.
        unsafe { AtomicU32::from_ptr(self.pointer().add(offset).cast()) }
    }

    /// How many owners the frame has at this moment, page tables included.
    pub fn reference_count(&self) -> usize {
        frames().metadata(self.number()).owners()
    }

    /// The physical page number.
    #[inline]
    pub fn number(&self) -> usize {
        self.number as usize
    }

    /// The physical address.
    #[inline]
    pub(crate) fn physical(&self) -> usize {
        self.number() * PAGE_SIZE
    }

    /// Where the kernel sees the page.
    #[inline]
    pub(crate) fn pointer(&self) -> *mut u8 {
        arch::physical_to_virtual(self.physical())
    }

    /// Gives up the value but not the share: it lives on in the returned physical address.
    #[inline]
    pub(crate) fn into_physical(self) -> usize {
        let physical = self.physical();
        core::mem::forget(self);
        physical
    }

    /// Takes back a share that [`Frame::into_physical`] gave out.
    ///
    /// # Safety
    /// Each address given out is taken back at most once.
    #[inline]
    pub(crate) unsafe fn from_physical(physical: usize) -> Frame {
        Frame {
            number: (physical / PAGE_SIZE) as u32,
        }
    }

    /// Another share in a frame whose share is held as a physical address.
    ///
    /// # Safety
    /// The address was given out by [`Frame::into_physical`] and not taken back yet.
    #[inline]
    pub(crate) unsafe fn share_physical(physical: usize) -> Frame {
        let number = physical / PAGE_SIZE;
        frames().metadata(number).add_owner();
        Frame {
            number: number as u32,
        }
    }
}

fn check(offset: usize, length: usize) {
    assert!(
        offset <= PAGE_SIZE && length <= PAGE_SIZE - offset,
        "beyond the frame"
    );
}

impl Clone for Frame {
    #[inline]
    fn clone(&self) -> Self {
        frames().metadata(self.number()).add_owner();
        Self {
            number: self.number,
        }
    }
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        let frames = frames();
        let metadata = frames.metadata(self.number());
        if metadata.remove_owner() {
            let payer = metadata.payer();
            frames.release(self.number());
            if payer != 0 {
                account::refund(payer);
            }
        }
    }
}

impl core::fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Frame({:#x})", self.number)
    }
}

pub use usage::{KernelPages, kernel_pages};

/// How much physical memory there is, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameStatistics {
    /// Pages the allocator manages, used and free.
    pub total: usize,
    /// Pages that are free.
    pub free: usize,
    /// Pages that never were free: the kernel's image, firmware, and tables about frames.
    pub reserved_by_kernel: usize,
}

/// How much physical memory there is at this moment.
pub fn statistics() -> FrameStatistics {
    frames().statistics()
}

/// Whether memory for programs has run out on the whole machine, or nearly so.
pub fn is_short() -> bool {
    frames().is_short()
}

/// The same, after whoever can give memory back was asked to; not for callers that hold a spin lock, who are not
/// helped.
pub fn stays_short() -> bool {
    frames().stays_short()
}

/// How many free frames are missing so that no allocation asks for memory back for a while: what a
/// thread that wins memory back in the background works for.
pub fn shortage() -> usize {
    frames().shortage()
}

/// Sets what is called (with the number of pages wanted, by the thread that allocates, with
/// interrupts enabled) when free memory falls under the low watermark; it returns how many pages
/// it gave back. The first one stays.
pub fn set_reclaimer(reclaimer: fn(usize) -> usize) {
    frames().set_reclaimer(reclaimer);
}

/// A block of 2^`order` frames, with unspecified contents; returns its physical address.
pub(crate) fn allocate_block(order: usize, purpose: Purpose) -> Result<usize, OutOfMemory> {
    refusal::check()?;
    Ok(frames().allocate_block(order, purpose)? * PAGE_SIZE)
}

/// Puts a block back.
///
/// # Safety
/// The block was handed out by [`allocate_block`] with the same order, and nobody uses it.
pub(crate) unsafe fn release_block(physical: usize, order: usize) {
    frames().release_block(physical / PAGE_SIZE, order);
}

/// The heap's note about the page at a physical address.
#[cfg(target_os = "none")]
#[inline]
pub(crate) fn metadata(physical: usize) -> &'static Metadata {
    frames().metadata(physical / PAGE_SIZE)
}

/// Whether a physical range touches RAM.
pub(crate) fn touches_ram(physical: usize, length: usize) -> bool {
    frames().touches_ram(physical, length)
}

/// The initramfs as frames, and its length in bytes; the first time only. Its pages are shared,
/// not copied, if it begins at a page's start.
pub(crate) fn take_initramfs() -> Option<(Vec<Frame>, usize)> {
    let frames = frames();
    let range = frames.take_initramfs()?;
    let length = range.end - range.start;
    let mut pages = Vec::new();
    pages.try_reserve_exact(length.div_ceil(PAGE_SIZE)).ok()?;
    for offset in (0..length).step_by(PAGE_SIZE) {
        let count = PAGE_SIZE.min(length - offset);
        let source = range.start + offset;
        let frame = if range.start.is_multiple_of(PAGE_SIZE) {
            frames.metadata(source / PAGE_SIZE).set_owned(0);
            Frame {
                number: (source / PAGE_SIZE) as u32,
            }
        } else {
            let frame = Frame::allocate().ok()?;
            // SAFETY: the loader put the initramfs there, the map kept it from being handed
            // out, and `count` bytes fit a page.
            unsafe { arch::copy_bytes(frame.pointer(), arch::physical_to_virtual(source), count) };
            frame
        };
        frame.fill(count, PAGE_SIZE - count, 0);
        pages.push(frame);
    }
    Some((pages, length))
}
